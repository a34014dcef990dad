#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "grammar/regex.h"

namespace weft {
namespace {

const GrammarLimits kLimits;

Decimal decimal(std::string_view text) { return parse_decimal(text).value(); }

TEST(Decimal, ReadsExactly) {
  EXPECT_EQ(decimal("-12.500e2").digits, "125");
  EXPECT_EQ(decimal("-12.500e2").exponent, 1);
  EXPECT_TRUE(decimal("-12.500e2").negative);
  EXPECT_EQ(decimal("0.00").digits, "0");
  EXPECT_FALSE(decimal("-0").negative);
  EXPECT_EQ(decimal("1E+3").exponent, 3);
  for (std::string_view bad : {"", "-", "1.", ".5", "1e", "x", "1e99999999999", "1 "}) {
    EXPECT_FALSE(parse_decimal(bad).has_value()) << bad;
  }
  const std::vector<std::string_view> ascending = {"-1e3", "-999.5", "-0.1", "-0.01", "0",
                                                   "1e-9", "0.1",    "0.11", "2",     "10"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(compare(decimal(ascending[i]), decimal(ascending[j])), i < j ? -1 : i > j ? 1 : 0);
    }
  }
}

TEST(Number, GrammarOfLiterals) {
  for (std::string_view good : {"0", "-0", "10", "-1.50", "0.0", "1e5", "1.2E-07", "0e+0"}) {
    EXPECT_TRUE(any_number().accepts(good)) << good;
    EXPECT_EQ(any_number_without_exponent().accepts(good), good.find_first_of("eE") == good.npos) << good;
  }
  for (std::string_view bad : {"", "-", "01", "+1", "1.", ".1", "1e", "1e+", "--1", "1.2.3", "0x1"}) {
    EXPECT_FALSE(any_number().accepts(bad)) << bad;
  }
  NumberSet integer;
  integer.multiple_of = decimal("1.0");
  const Dfa integers = number_language(integer, kLimits).value();
  for (std::string_view good : {"0", "-0", "7", "-120", "1.0", "3.000"}) EXPECT_TRUE(integers.accepts(good)) << good;
  for (std::string_view bad : {"1.5", "1e3", "00", "1.", "0.01"}) EXPECT_FALSE(integers.accepts(bad)) << bad;
  EXPECT_LE(integers.num_states(), 7);
}

// Literals without exponent, with their value times 1000.
struct Literal {
  std::string text;
  int64_t thousandths;
};
std::vector<Literal> literals() {
  std::vector<Literal> out;
  for (int64_t whole = 0; whole <= 130; ++whole) {
    for (const std::string fraction : {"", "0", "00", "5", "25", "250", "125", "999", "001", "1000"}) {
      int64_t value = whole * 1000;
      for (size_t i = 0, unit = 100; i < fraction.size(); ++i, unit /= 10) {
        value += static_cast<int64_t>(unit) * (fraction[i] - '0');
      }
      const std::string text = std::to_string(whole) + (fraction.empty() ? "" : "." + fraction);
      out.push_back({text, value});
      out.push_back({"-" + text, -value});
    }
  }
  return out;
}

std::string thousandths(int64_t value) {
  const std::string digits = std::to_string(std::abs(value) + 1000'000'000);
  return (value < 0 ? "-" : "") + std::to_string(std::abs(value) / 1000) + "." + digits.substr(digits.size() - 3);
}

TEST(Number, AgreesWithArithmetic) {
  const std::vector<Literal> all = literals();
  std::mt19937 rng(11);
  const auto pick_bound = [&rng]() -> int64_t {
    const int64_t scale = std::vector<int64_t>{1, 10, 250, 1000, 1000}[rng() % 5];
    return (static_cast<int64_t>(rng() % 261) - 130) * scale;
  };
  for (int round = 0; round < 150; ++round) {
    NumberSet set;
    int64_t low = INT64_MIN, high = INT64_MAX, step = 0;
    if (rng() % 4 != 0) set.minimum = decimal(thousandths(low = pick_bound()));
    if (rng() % 4 != 0) set.maximum = decimal(thousandths(high = pick_bound()));
    set.exclusive_minimum = set.minimum && rng() % 2 == 0;
    set.exclusive_maximum = set.maximum && rng() % 2 == 0;
    if (rng() % 2 == 0) {
      step = std::vector<int64_t>{1000, 3000, 7000, 10, 500, 250, 1500, 100000, 6, 1}[rng() % 10];
      set.multiple_of = decimal(thousandths(step));
    }
    const Result<Dfa> language = number_language(set, kLimits);
    ASSERT_TRUE(language.has_value()) << language.error().message;
    for (const Literal& literal : all) {
      bool expected = literal.thousandths >= low && literal.thousandths <= high;
      if (set.exclusive_minimum && literal.thousandths == low) expected = false;
      if (set.exclusive_maximum && literal.thousandths == high) expected = false;
      if (step != 0 && literal.thousandths % step != 0) expected = false;
      ASSERT_EQ(language->accepts(literal.text), expected)
          << literal.text << " in " << low << ".." << high << " step " << step << " (thousandths)";
    }
  }
}

TEST(Number, ExponentsWhereTheyCannotMatter) {
  NumberSet set;
  set.minimum = decimal("0");
  EXPECT_TRUE(number_language(set, kLimits).value().accepts("1e-05"));
  EXPECT_FALSE(number_language(set, kLimits).value().accepts("-1e-05"));
  EXPECT_TRUE(number_language(set, kLimits).value().accepts("-0.0"));
  set.exclusive_minimum = true;
  EXPECT_FALSE(number_language(set, kLimits).value().accepts("0e7"));
  EXPECT_TRUE(number_language(set, kLimits).value().accepts("0.1e7"));
  set.maximum = decimal("5");
  EXPECT_FALSE(number_language(set, kLimits).value().accepts("1e0"));
}

TEST(Number, CountsHaveAnAutomatonOfTheirOwn) {
  NumberSet set;
  set.multiple_of = decimal("1");
  set.minimum = decimal("0");
  const Dfa counts = number_language(set, kLimits).value();
  set.maximum = decimal("1e9");
  const Dfa bounded = number_language(set, kLimits).value();
  for (std::string_view good : {"0", "-0", "-0.0", "7", "10.00"}) {
    EXPECT_TRUE(counts.accepts(good)) << good;
    EXPECT_TRUE(bounded.accepts(good)) << good;
  }
  for (std::string_view bad : {"-1", "0.5", "-0.1", "01", ""}) EXPECT_FALSE(counts.accepts(bad)) << bad;
}

TEST(Number, OneValue) {
  const Dfa half = number_value_language(decimal("-2.5"), kLimits).value();
  EXPECT_TRUE(half.accepts("-2.5"));
  EXPECT_TRUE(half.accepts("-2.500"));
  for (std::string_view bad : {"2.5", "-2.51", "-2", "-2.", "-25"}) EXPECT_FALSE(half.accepts(bad)) << bad;
  const Dfa zero = number_value_language(decimal("0.0"), kLimits).value();
  for (std::string_view good : {"0", "-0", "0.00"}) EXPECT_TRUE(zero.accepts(good)) << good;
  EXPECT_FALSE(zero.accepts("0.01"));
  const Dfa tiny = number_value_language(decimal("1.5e-7"), kLimits).value();
  for (std::string_view good : {"1.5e-07", "1.50E-7", "0.00000015"}) EXPECT_TRUE(tiny.accepts(good)) << good;
  EXPECT_FALSE(tiny.accepts("1.5e7"));
  EXPECT_TRUE(number_value_language(decimal("1e+20"), kLimits).value().accepts("1e+20"));
}

TEST(Number, TooLargeIsRefused) {
  NumberSet set;
  set.minimum = decimal("1e5000");
  EXPECT_EQ(number_language(set, kLimits).error().code, ErrorCode::kGrammarTooComplex);
  NumberSet multiple;
  multiple.multiple_of = decimal("123456789");
  EXPECT_EQ(number_language(multiple, kLimits).error().code, ErrorCode::kGrammarTooComplex);
  multiple.multiple_of = decimal("1e-300");
  EXPECT_TRUE(number_language(multiple, kLimits).value().accepts("0.5"));
  NumberSet none;
  none.minimum = decimal("3");
  none.maximum = decimal("2");
  EXPECT_TRUE(number_language(none, kLimits).value().is_empty());
}

}  // namespace
}  // namespace weft
