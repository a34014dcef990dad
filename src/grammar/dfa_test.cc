#include "grammar/dfa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/utf8.h"
#include "grammar/dfa_minimize.h"

namespace weft {
namespace {

const GrammarLimits kLimits;

Dfa one_of(const std::vector<std::string>& texts) { return dfa::one_of(texts, kLimits).value(); }

// A random finite language over few letters, and every text over them up to some length.
std::set<std::string> random_texts(std::mt19937& rng, size_t count) {
  std::set<std::string> texts;
  for (size_t i = 0; i < count; ++i) {
    std::string text;
    for (size_t n = rng() % 5; n > 0; --n) text += static_cast<char>('a' + rng() % 3);
    texts.insert(text);
  }
  return texts;
}
std::vector<std::string> all_texts(size_t max_length) {
  std::vector<std::string> texts{""};
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() == max_length) continue;
    for (char c = 'a'; c <= 'c'; ++c) texts.push_back(texts[i] + c);
  }
  return texts;
}
Dfa dfa_of(const std::set<std::string>& texts) { return one_of({texts.begin(), texts.end()}); }

TEST(Dfa, LiteralsAndTries) {
  const Dfa hello = dfa::literal("hello");
  EXPECT_TRUE(hello.accepts("hello"));
  EXPECT_FALSE(hello.accepts("hell"));
  EXPECT_FALSE(hello.accepts("hello!"));
  EXPECT_EQ(hello.num_states(), 6);
  EXPECT_TRUE(dfa::equal(hello, one_of({"hello", "hello"})));
  EXPECT_TRUE(dfa::equal(hello, dfa::minimize(hello)));
  const Dfa days = one_of({"Monday", "Tuesday", "Sunday", ""});
  EXPECT_TRUE(days.accepts(""));
  EXPECT_TRUE(days.accepts("Tuesday"));
  EXPECT_FALSE(days.accepts("Tunday"));
  EXPECT_TRUE(dfa::equal(days, dfa::minimize(days)));
  EXPECT_TRUE(dfa::nothing().is_empty());
  EXPECT_TRUE(one_of({}).is_empty());
  EXPECT_FALSE(dfa::empty_text().is_empty());
  EXPECT_TRUE(dfa::equal(dfa::literal(""), dfa::empty_text()));
  EXPECT_TRUE(dfa::equal(dfa::literal(std::string("\0a", 2)), one_of({std::string("\0a", 2)})));
}

TEST(Dfa, AlgebraAgreesWithSets) {
  std::mt19937 rng(7);
  const std::vector<std::string> universe = all_texts(8);
  for (int round = 0; round < 60; ++round) {
    const std::set<std::string> x = random_texts(rng, 1 + rng() % 12);
    const std::set<std::string> y = random_texts(rng, 1 + rng() % 12);
    const Dfa a = dfa_of(x);
    const Dfa b = dfa_of(y);
    std::set<std::string> joined, common, rest, chained, doubled;
    std::set_union(x.begin(), x.end(), y.begin(), y.end(), std::inserter(joined, joined.end()));
    std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), std::inserter(common, common.end()));
    std::set_difference(x.begin(), x.end(), y.begin(), y.end(), std::inserter(rest, rest.end()));
    for (const std::string& u : x) {
      for (const std::string& v : y) chained.insert(u + v);
      for (const std::string& v : x) doubled.insert(u + v);
    }
    EXPECT_TRUE(dfa::equal(dfa::unite(a, b, kLimits).value(), dfa_of(joined)));
    EXPECT_TRUE(dfa::equal(dfa::intersect(a, b, kLimits).value(), dfa_of(common)));
    EXPECT_TRUE(dfa::equal(dfa::subtract(a, b, kLimits).value(), dfa_of(rest)));
    EXPECT_TRUE(dfa::equal(dfa::concatenate(a, b, kLimits).value(), dfa_of(chained)));
    EXPECT_TRUE(dfa::equal(dfa::repeat(a, 2, 2, kLimits).value(), dfa_of(doubled)));
    const auto texts = dfa::enumerate(a, 1000);
    ASSERT_TRUE(texts.has_value());
    EXPECT_EQ(std::set<std::string>(texts->begin(), texts->end()), x);
    // Star: membership by splitting.
    const Dfa star = dfa::repeat(a, 0, std::nullopt, kLimits).value();
    for (const std::string& text : universe) {
      std::vector<bool> reachable(text.size() + 1, false);
      reachable[0] = true;
      for (size_t i = 0; i < text.size(); ++i) {
        for (const std::string& u : x) {
          if (reachable[i] && !u.empty() && text.compare(i, u.size(), u) == 0 && i + u.size() <= text.size()) {
            reachable[i + u.size()] = true;
          }
        }
      }
      ASSERT_EQ(star.accepts(text), reachable[text.size()]) << text;
    }
  }
}

TEST(Dfa, RepeatKeepsItsBounds) {
  const Dfa ab = one_of({"ab", "c"});
  const Dfa some = dfa::repeat(ab, 2, 4, kLimits).value();
  EXPECT_FALSE(some.accepts("ab"));
  EXPECT_TRUE(some.accepts("abc"));
  EXPECT_TRUE(some.accepts("cccc"));
  EXPECT_FALSE(some.accepts("ccccc"));
  EXPECT_TRUE(dfa::repeat(ab, 3, std::nullopt, kLimits).value().accepts("cccccccab"));
  EXPECT_FALSE(dfa::repeat(ab, 3, std::nullopt, kLimits).value().accepts("cc"));
  EXPECT_TRUE(dfa::equal(dfa::repeat(ab, 0, 0, kLimits).value(), dfa::empty_text()));
  EXPECT_TRUE(dfa::repeat(dfa::nothing(), 1, 3, kLimits).value().is_empty());
  EXPECT_FALSE(dfa::repeat(ab, 0, 1'000'000'000'000, kLimits).has_value());
}

TEST(Dfa, AnyTextIsUtf8) {
  const Dfa any = dfa::any_text();
  EXPECT_EQ(any.num_states(), 8);
  // Every sequence of up to three bytes from the bytes where UTF-8 changes its mind, and one of four.
  const std::string edges(
      "\x00\x41\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5\xFF", 25);
  std::vector<std::string> texts{""};
  for (size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(any.accepts(texts[i]), is_valid_utf8(texts[i]));
    if (texts[i].size() == 3) continue;
    for (char c : edges) texts.push_back(texts[i] + c);
  }
  EXPECT_TRUE(any.accepts("\xF0\x9F\x98\x80"));
  EXPECT_FALSE(any.accepts("\xF4\x90\x80\x80"));
}

TEST(Dfa, Lengths) {
  const Dfa some = dfa::text_length(2, 3, kLimits).value();
  EXPECT_FALSE(some.accepts("a"));
  EXPECT_TRUE(some.accepts("\xF0\x9F\x98\x80z"));
  EXPECT_TRUE(some.accepts("\xC3\xA4\xC3\xA4\xC3\xA4"));
  EXPECT_FALSE(some.accepts("abcd"));
  EXPECT_TRUE(dfa::text_length(3, 2, kLimits).value().is_empty());
  EXPECT_TRUE(dfa::equal(dfa::text_length(0, std::nullopt, kLimits).value(), dfa::any_text()));
  EXPECT_FALSE(dfa::text_length(0, 1'000'000'000, kLimits).has_value());
  EXPECT_EQ(dfa::char_lengths(some).min, 2);
  EXPECT_EQ(dfa::char_lengths(some).max, 3);
  EXPECT_FALSE(dfa::char_lengths(dfa::any_text()).max.has_value());
  EXPECT_EQ(dfa::char_lengths(one_of({"\xE4\xBD\xA0\xE5\xA5\xBD", "abc"})).min, 2);
  EXPECT_FALSE(dfa::enumerate(dfa::any_text(), 1000).has_value());
  EXPECT_FALSE(dfa::enumerate(some, 1000).has_value());
}

TEST(Dfa, ResultsBeyondTheLimitAreRefused) {
  GrammarLimits limits;
  limits.max_states = 50;
  const Dfa a = dfa::repeat(one_of({"a"}), 7, 7, kLimits).value();
  const Dfa b = dfa::repeat(one_of({"a"}), 11, 11, kLimits).value();
  const Dfa sevens = dfa::repeat(a, 0, std::nullopt, kLimits).value();
  const Dfa elevens = dfa::repeat(b, 0, std::nullopt, kLimits).value();
  const auto both = dfa::intersect(sevens, elevens, limits);
  ASSERT_FALSE(both.has_value());
  EXPECT_EQ(both.error().code, ErrorCode::kGrammarTooComplex);
  EXPECT_EQ(dfa::intersect(sevens, elevens, kLimits).value().num_states(), 77);
  EXPECT_FALSE(dfa::one_of({std::string(100, 'x'), "y"}, limits).has_value());
}

TEST(Dfa, LabelsAreKept) {
  Dfa a = dfa::literal("a");
  a.accepting[1] = 7;
  const Dfa both = dfa::unite(a, one_of({"a", "b"}), kLimits).value();
  EXPECT_EQ(both.accepting[static_cast<size_t>(both.run(0, "a"))], 7);
  EXPECT_EQ(both.accepting[static_cast<size_t>(both.run(0, "b"))], 1);
  const Dfa filtered = dfa::intersect(both, one_of({"a"}), kLimits).value();
  EXPECT_EQ(filtered.accepting[static_cast<size_t>(filtered.run(0, "a"))], 7);
}

}  // namespace
}  // namespace weft
