// Sets of numbers as languages of JSON literals: a comparison with each bound, digit by digit, and the remainder of a
// division. All of it for literals without sign first; then the two signs are put together.
#include <algorithm>
#include <string>
#include <vector>

#include "grammar/dfa_minimize.h"
#include "grammar/nfa.h"
#include "grammar/regex.h"

namespace weft {
namespace {

constexpr int32_t kDead = Dfa::kDead;
// Digits of a bound, with the zeros that its exponent stands for; a double has at most 309 before the point.
constexpr int64_t kMaxBoundDigits = 2'000;
constexpr GrammarLimits kOwnLimits;

// An automaton over the characters of numbers, put together state by state.
class NumberDfa {
 public:
  enum Symbol : uint8_t { kDigit0 = 0, kPoint = 10, kMinus, kPlus, kExponent, kOther, kCount };

  int32_t add_state(bool accepting) {
    dfa_.accepting.push_back(accepting ? 1 : 0);
    dfa_.next.resize(dfa_.next.size() + kCount, kDead);
    return dfa_.num_states() - 1;
  }
  void step(int32_t from, int32_t symbol, int32_t to) {
    dfa_.next[static_cast<size_t>(from) * kCount + static_cast<size_t>(symbol)] = to;
  }
  void digits(int32_t from, int32_t first, int32_t last, int32_t to) {
    for (int32_t d = first; d <= last; ++d) step(from, d, to);
  }
  Dfa finish() {
    dfa_.num_classes = kCount;
    dfa_.byte_class.fill(kOther);
    for (int32_t d = 0; d < 10; ++d) dfa_.byte_class[static_cast<size_t>('0' + d)] = static_cast<uint8_t>(d);
    dfa_.byte_class['.'] = kPoint;
    dfa_.byte_class['-'] = kMinus;
    dfa_.byte_class['+'] = kPlus;
    dfa_.byte_class['e'] = dfa_.byte_class['E'] = kExponent;
    return dfa::minimize(dfa_);
  }

 private:
  Dfa dfa_;
};

// [-](0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?, the bracketed parts as asked for.
Dfa plain_number(bool sign, bool exponent) {
  NumberDfa out;
  const int32_t start = out.add_state(false);
  const int32_t after_sign = sign ? out.add_state(false) : start;
  const int32_t zero = out.add_state(true);
  const int32_t whole = out.add_state(true);
  const int32_t point = out.add_state(false);
  const int32_t fraction = out.add_state(true);
  if (sign) out.step(start, NumberDfa::kMinus, after_sign);
  for (int32_t from : {start, after_sign}) {
    out.step(from, 0, zero);
    out.digits(from, 1, 9, whole);
  }
  out.digits(whole, 0, 9, whole);
  out.step(zero, NumberDfa::kPoint, point);
  out.step(whole, NumberDfa::kPoint, point);
  out.digits(point, 0, 9, fraction);
  out.digits(fraction, 0, 9, fraction);
  if (exponent) {
    const int32_t e = out.add_state(false);
    const int32_t e_sign = out.add_state(false);
    const int32_t e_digits = out.add_state(true);
    for (int32_t from : {zero, whole, fraction}) out.step(from, NumberDfa::kExponent, e);
    out.step(e, NumberDfa::kMinus, e_sign);
    out.step(e, NumberDfa::kPlus, e_sign);
    for (int32_t from : {e, e_sign, e_digits}) out.digits(from, 0, 9, e_digits);
  }
  return out.finish();
}

const Dfa& unsigned_number() {
  static const Dfa a = plain_number(false, false);
  return a;
}

// A bound's digits before and after the point: no leading zeros before it (but "0"), no trailing zeros after it.
struct BoundDigits {
  std::string whole, fraction;
};

Result<BoundDigits> digits_of(const Decimal& value) {
  const int64_t size = static_cast<int64_t>(value.digits.size());
  if (std::max(value.exponent, -value.exponent) + size > kMaxBoundDigits) {
    return make_error(ErrorCode::kGrammarTooComplex, "A number with more than {} digits can't be a bound.",
                      kMaxBoundDigits);
  }
  BoundDigits out;
  if (value.digits == "0") return BoundDigits{"0", ""};
  if (value.exponent >= 0) {
    out.whole = value.digits + std::string(static_cast<size_t>(value.exponent), '0');
  } else if (-value.exponent >= size) {
    out.whole = "0";
    out.fraction = std::string(static_cast<size_t>(-value.exponent - size), '0') + value.digits;
  } else {
    out.whole = value.digits.substr(0, static_cast<size_t>(size + value.exponent));
    out.fraction = value.digits.substr(static_cast<size_t>(size + value.exponent));
  }
  return out;
}

// Which literals to take, by how they compare with the bound.
struct Taken {
  bool less, equal, greater;
};

// Literals without sign against a bound >= 0. While digits agree a state follows the bound's digits; once they differ
// the number of digits before the point still counts.
Result<Dfa> compared_with(const Decimal& bound, Taken taken) {
  TRY_ASSIGN(const BoundDigits digits, digits_of(bound));
  NumberDfa out;
  const int32_t start = out.add_state(false);
  // Fractions whose outcome is settled, behind the point and behind a digit; and what a literal that has just begun
  // its fraction is told by.
  struct Settled {
    int32_t point, fraction;
  };
  const auto settled = [&out](bool accepting) {
    const Settled s{out.add_state(false), out.add_state(accepting)};
    out.digits(s.point, 0, 9, s.fraction);
    out.digits(s.fraction, 0, 9, s.fraction);
    return s;
  };
  const Settled less = settled(taken.less);
  const Settled greater = settled(taken.greater);
  // The fraction of a literal that is equal so far, after j digits of the bound's fraction.
  std::vector<int32_t> equal_fraction;
  const size_t length = digits.fraction.size();
  for (size_t j = 0; j <= length; ++j) {
    const bool accepting = j > 0 && (j < length ? taken.less : taken.equal);
    equal_fraction.push_back(out.add_state(accepting));
  }
  int32_t end = equal_fraction.back();
  if (length == 0) {  // behind the point needs a digit
    end = out.add_state(taken.equal);
    out.step(equal_fraction[0], 0, end);
    out.digits(equal_fraction[0], 1, 9, greater.fraction);
  }
  for (size_t j = 0; j < length; ++j) {
    const int32_t digit = digits.fraction[j] - '0';
    out.digits(equal_fraction[j], 0, digit - 1, less.fraction);
    out.step(equal_fraction[j], digit, equal_fraction[j + 1]);
    out.digits(equal_fraction[j], digit + 1, 9, greater.fraction);
  }
  out.step(end, 0, end);
  out.digits(end, 1, 9, greater.fraction);
  // Before the point, after i digits: smaller, equal or larger than the bound's first i digits.
  const size_t n = digits.whole.size();
  const int32_t longer = out.add_state(taken.greater);
  out.digits(longer, 0, 9, longer);
  out.step(longer, NumberDfa::kPoint, greater.point);
  struct Row {
    int32_t less, equal, greater;
  };
  std::vector<Row> rows(n + 1);
  for (size_t i = 1; i <= n; ++i) {
    const bool whole = i == n;
    const bool equal_taken = whole ? (length > 0 ? taken.less : taken.equal) : taken.less;
    rows[i] = {out.add_state(taken.less), out.add_state(equal_taken),
               out.add_state(whole ? taken.greater : taken.less)};
    out.step(rows[i].less, NumberDfa::kPoint, less.point);
    out.step(rows[i].equal, NumberDfa::kPoint, whole ? equal_fraction[0] : less.point);
    out.step(rows[i].greater, NumberDfa::kPoint, whole ? greater.point : less.point);
  }
  for (size_t i = 0; i <= n; ++i) {
    const int32_t digit = i < n ? digits.whole[i] - '0' : -1;
    for (int32_t d = i == 0 ? 1 : 0; d <= 9; ++d) {
      if (i == n) {
        for (int32_t from : {rows[i].less, rows[i].equal, rows[i].greater}) out.step(from, d, longer);
        continue;
      }
      const Row& to = rows[i + 1];
      const int32_t by_digit = d < digit ? to.less : d == digit ? to.equal : to.greater;
      if (i == 0) {
        out.step(start, d, by_digit);
        continue;
      }
      out.step(rows[i].less, d, to.less);
      out.step(rows[i].equal, d, by_digit);
      out.step(rows[i].greater, d, to.greater);
    }
  }
  // A leading zero is the whole part: zero against the bound's.
  const bool zero_bound = digits.whole == "0";
  const int32_t zero = out.add_state(zero_bound ? (length > 0 ? taken.less : taken.equal) : taken.less);
  out.step(start, 0, zero);
  out.step(zero, NumberDfa::kPoint, zero_bound ? equal_fraction[0] : less.point);
  return out.finish();
}

// Literals without sign that are multiples of m * 10^e. With e < 0 the first -e digits of the fraction count too, and
// fewer of them stand for zeros.
Result<Dfa> multiples_of(const Decimal& value, const GrammarLimits& limits) {
  int64_t modulus = 0;
  const int64_t zeros = std::max<int64_t>(value.exponent, 0);
  const int64_t places = std::max<int64_t>(-value.exponent, 0);
  bool too_large = zeros > 9 || value.digits.size() > 9;
  if (!too_large) {
    for (char c : value.digits) modulus = modulus * 10 + (c - '0');
    for (int64_t i = 0; i < zeros; ++i) modulus *= 10;
  }
  too_large = too_large || modulus > limits.max_states || (places + 1) * modulus > 2 * int64_t{limits.max_states};
  if (too_large) {
    return make_error(ErrorCode::kGrammarTooComplex,
                      "Multiples of {}e{} need a larger automaton than the {} states that are allowed.", value.digits,
                      value.exponent, limits.max_states);
  }
  NumberDfa out;
  const int32_t start = out.add_state(false);
  const auto divides = [&](int64_t remainder, int64_t missing_places) {
    for (int64_t i = 0; i < missing_places && remainder != 0; ++i) remainder = remainder * 10 % modulus;
    return remainder == 0;
  };
  // whole + r: the digits so far leave remainder r. behind[p] + r: the same after p digits of the fraction.
  const int32_t m = static_cast<int32_t>(modulus);
  const int32_t whole = start + 1;
  for (int32_t r = 0; r < m; ++r) out.add_state(divides(r, places));
  const int32_t zero = out.add_state(true);
  std::vector<int32_t> behind;
  for (int64_t p = 0; p <= places; ++p) {
    behind.push_back(zero + 1 + static_cast<int32_t>(p) * m);
    for (int32_t r = 0; r < m; ++r) out.add_state(p > 0 && divides(r, places - p));
  }
  const int32_t only_zeros = out.add_state(true);  // of the fraction, once nothing else may follow
  out.step(only_zeros, 0, only_zeros);
  out.step(start, 0, zero);
  out.step(zero, NumberDfa::kPoint, behind[0]);
  for (int32_t d = 1; d <= 9; ++d) out.step(start, d, whole + d % m);
  for (int32_t r = 0; r < m; ++r) {
    out.step(whole + r, NumberDfa::kPoint, behind[0] + r);
    for (int32_t d = 0; d <= 9; ++d) {
      const int32_t to = static_cast<int32_t>((int64_t{r} * 10 + d) % m);
      out.step(whole + r, d, whole + to);
      for (size_t p = 0; p + 1 < behind.size(); ++p) out.step(behind[p] + r, d, behind[p + 1] + to);
    }
  }
  out.step(behind.back(), 0, only_zeros);
  return out.finish();
}

// Literals without sign between two bounds >= 0.
struct UnsignedRange {
  const Decimal* lower = nullptr;
  const Decimal* upper = nullptr;
  bool exclusive_lower = false, exclusive_upper = false;
  bool empty = false;
};

Result<Dfa> unsigned_range(const UnsignedRange& range, const Dfa* multiples, const GrammarLimits& limits) {
  if (range.empty) return dfa::nothing();
  std::optional<Dfa> out;
  const auto narrow = [&](const Dfa& by) -> Status {
    if (!out) {
      out = by;
      return {};
    }
    TRY_ASSIGN(out, dfa::intersect(*out, by, limits));
    return {};
  };
  if (multiples != nullptr) TRY(narrow(*multiples));
  if (range.lower != nullptr) {
    TRY_ASSIGN(const Dfa above, compared_with(*range.lower, {false, !range.exclusive_lower, true}));
    TRY(narrow(above));
  }
  if (range.upper != nullptr) {
    TRY_ASSIGN(const Dfa below, compared_with(*range.upper, {true, !range.exclusive_upper, false}));
    TRY(narrow(below));
  }
  return out ? std::move(*out) : unsigned_number();
}

// `positive` as it is, `negative` behind a minus sign.
Result<Dfa> with_signs(const Dfa& positive, const Dfa& negative, const GrammarLimits& limits) {
  if (negative.is_empty()) return positive;
  static const Dfa minus = dfa::literal("-");
  TRY_ASSIGN(const Dfa below, dfa::concatenate(minus, negative, limits));
  return dfa::unite(positive, below, limits);
}

// 0, 0.0, 0.00, ...
Dfa zero_literals() { return compared_with(Decimal{}, {false, true, false}).value(); }

int sign_of(const Decimal& d) { return d.digits == "0" ? 0 : d.negative ? -1 : 1; }

// The exponent form in which a value far from one is usually written: 1.5e+20, 1E-7.
Result<Dfa> exponent_form(const Decimal& value, const GrammarLimits& limits) {
  std::string pattern = value.negative ? "-" : "";
  pattern += value.digits[0];
  if (value.digits.size() > 1) {
    pattern += "\\." + value.digits.substr(1) + "0*";
  } else {
    pattern += "(\\.0+)?";
  }
  const int64_t exponent = value.exponent + static_cast<int64_t>(value.digits.size()) - 1;
  pattern += fmt::format("[eE]{}0*{}", exponent < 0 ? "-" : "\\+?", std::max(exponent, -exponent));
  return compile_regex(pattern, RegexMatch::kWhole, limits);
}

}  // namespace

Dfa any_number() {
  static const Dfa a = plain_number(true, true);
  return a;
}

Dfa any_number_without_exponent() {
  static const Dfa a = plain_number(true, false);
  return a;
}

namespace {

// Bounds that are zero ask for the sign only, which no exponent changes.
std::optional<Dfa> by_sign(const NumberSet& set) {
  if (set.multiple_of || (set.minimum && sign_of(*set.minimum) != 0) || (set.maximum && sign_of(*set.maximum) != 0)) {
    return std::nullopt;
  }
  static const Dfa not_negative =
      dfa::unite(plain_number(false, true),
                 compile_regex("-0(\\.0+)?([eE][+-]?\\d+)?", RegexMatch::kWhole, kOwnLimits).value(), kOwnLimits)
          .value();
  static const Dfa zero = compile_regex("-?0(\\.0+)?([eE][+-]?\\d+)?", RegexMatch::kWhole, kOwnLimits).value();
  static const Dfa positive = dfa::subtract(not_negative, zero, kOwnLimits).value();
  static const Dfa negative = dfa::subtract(any_number(), not_negative, kOwnLimits).value();
  static const Dfa not_positive = dfa::unite(negative, zero, kOwnLimits).value();
  if (!set.maximum) return set.exclusive_minimum ? positive : not_negative;
  if (!set.minimum) return set.exclusive_maximum ? negative : not_positive;
  return set.exclusive_minimum || set.exclusive_maximum ? dfa::nothing() : zero;
}

}  // namespace

Result<Dfa> number_language(const NumberSet& set, const GrammarLimits& limits) {
  if (!set.minimum && !set.maximum && !set.multiple_of) return any_number();
  static const Decimal one{false, "1", 0};
  static const Dfa unsigned_integers = multiples_of(one, kOwnLimits).value();
  static const Dfa integers = with_signs(unsigned_integers, unsigned_integers, kOwnLimits).value();
  const bool integer = set.multiple_of && compare(*set.multiple_of, one) == 0;
  if (integer && !set.minimum && !set.maximum) return integers;
  if (integer && set.minimum && sign_of(*set.minimum) == 0 && !set.exclusive_minimum && !set.maximum) {
    static const Dfa counts =
        with_signs(unsigned_integers, dfa::intersect(unsigned_integers, zero_literals(), kOwnLimits).value(),
                   kOwnLimits)
            .value();
    return counts;
  }
  if (auto simple = by_sign(set)) return std::move(*simple);
  if (set.multiple_of && sign_of(*set.multiple_of) <= 0) {
    return make_error(ErrorCode::kInvalidValue, "multipleOf has to be larger than 0.");
  }
  Dfa own_multiples;
  const Dfa* multiples = integer ? &unsigned_integers : nullptr;
  if (set.multiple_of && !integer) {
    TRY_ASSIGN(own_multiples, multiples_of(*set.multiple_of, limits));
    multiples = &own_multiples;
  }
  UnsignedRange above;  // literals without a minus sign
  UnsignedRange below;  // literals with one: the bounds trade places, and -0 is 0
  if (set.minimum) {
    const int sign = sign_of(*set.minimum);
    if (sign > 0 || (sign == 0 && set.exclusive_minimum)) {
      above.lower = &*set.minimum;
      above.exclusive_lower = set.exclusive_minimum;
      below.empty = true;
    } else {
      below.upper = &*set.minimum;
      below.exclusive_upper = set.exclusive_minimum;
    }
  }
  if (set.maximum) {
    const int sign = sign_of(*set.maximum);
    if (sign < 0 || (sign == 0 && set.exclusive_maximum)) {
      below.lower = &*set.maximum;
      below.exclusive_lower = set.exclusive_maximum;
      above.empty = true;
    } else {
      above.upper = &*set.maximum;
      above.exclusive_upper = set.exclusive_maximum;
    }
  }
  TRY_ASSIGN(const Dfa positive, unsigned_range(above, multiples, limits));
  TRY_ASSIGN(const Dfa negative, unsigned_range(below, multiples, limits));
  return with_signs(positive, negative, limits);
}

Result<Dfa> number_value_language(const Decimal& value, const GrammarLimits& limits) {
  TRY_ASSIGN(const Dfa magnitude, compared_with(value, {false, true, false}));
  const int sign = sign_of(value);
  TRY_ASSIGN(Dfa out, with_signs(sign < 0 ? dfa::nothing() : magnitude, sign > 0 ? dfa::nothing() : magnitude, limits));
  // Beyond these, writers of JSON switch to exponents.
  const int64_t exponent = value.exponent + static_cast<int64_t>(value.digits.size()) - 1;
  if (sign != 0 && (exponent >= 16 || exponent < -4)) {
    TRY_ASSIGN(const Dfa with_exponent, exponent_form(value, limits));
    return dfa::unite(out, with_exponent, limits);
  }
  return out;
}

}  // namespace weft
