// Hostile patterns and grammars: an automaton or a typed error, in bounded work, whatever comes.
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/test_data.h"
#include "base/utf8.h"
#include "grammar/ebnf.h"
#include "grammar/regex.h"

namespace weft {
namespace {

std::string repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

// Small limits: the work is bounded by them, and a thousand cases have to be quick.
GrammarLimits tight_limits() {
  GrammarLimits limits;
  limits.max_states = 600;
  limits.steps = 60'000;
  limits.memory_bytes = 16 << 20;
  return limits;
}

bool is_typed(const Error& error) {
  return !error.message.empty() &&
         (error.code == ErrorCode::kInvalidValue || error.code == ErrorCode::kGrammarTooComplex);
}

class Generator {
 public:
  explicit Generator(uint32_t seed) : rng_(seed) {}

  // What is known to hurt: nesting, counted repetition of repetition, choices that share prefixes, many assertions.
  std::string hostile(uint32_t kind) {
    const size_t n = 1 + rng_() % 300;
    switch (kind % 16) {
      case 0:
        return repeated("(", n) + pick() + repeated(")*", rng_() % 300);
      case 1:
        return "(" + repeated("(" + pick() + "{0," + count() + "}){" + count() + "}", 1 + rng_() % 4) + "){" + count() +
               "}";
      case 2:
        return repeated(pick() + "?", n) + repeated(pick(), n);
      case 3:
        return "[ab]*a[ab]{" + count() + "}";
      case 4:
        return repeated("(?=.*" + pick() + ")", 1 + rng_() % 24) + ".*";
      case 5:
        return repeated("(?!.*" + pick() + ".{" + std::to_string(rng_() % 9) + "})", 1 + rng_() % 5) + ".*";
      case 6:
        return "(" + repeated(pick() + ".*" + pick() + "|", n) + ")";
      case 7:
        return repeated("(" + pick() + "|", n) + repeated(")", n);
      case 8:
        return repeated("[^" + pick() + "]", n) + "{" + count() + "}";
      case 9:
        return repeated(".*", n) + pick() + repeated("\\b\\w*", rng_() % 20);
      case 10:
        return repeated("(?:", n) + "\xC3\xA4" + repeated("|[\xE4\xB8\x80-\xE9\xBF\xBF])+?", n);
      case 11:
        return "(?i)" + repeated(pick() + "+", n);
      case 12:
        return repeated("(?<=" + pick() + ".{" + std::to_string(rng_() % 9) + "})", 1 + rng_() % 6) + pick();
      default:
        return garbage(n);
    }
  }

  std::string garbage(size_t length) {
    static constexpr std::string_view kPieces[] = {"(",
                                                   ")",
                                                   "[",
                                                   "]",
                                                   "{",
                                                   "}",
                                                   "*",
                                                   "+",
                                                   "?",
                                                   "|",
                                                   "^",
                                                   "$",
                                                   "\\",
                                                   ".",
                                                   "-",
                                                   "a",
                                                   "b",
                                                   "0",
                                                   "9",
                                                   ",",
                                                   "(?=",
                                                   "(?!",
                                                   "(?<",
                                                   "(?:",
                                                   "\\b",
                                                   "\\d",
                                                   "\\p{L}",
                                                   "\\u",
                                                   "{2,",
                                                   "\xC3",
                                                   "\xF0\x9F\x98\x80",
                                                   "::=",
                                                   "root",
                                                   "\"",
                                                   "#",
                                                   "\n",
                                                   "<[",
                                                   "]>",
                                                   "=",
                                                   "'",
                                                   "::= a |",
                                                   " "};
    std::string out;
    for (size_t i = 0; i < length; ++i) out += kPieces[rng_() % std::size(kPieces)];
    return out;
  }

 private:
  std::string pick() {
    static constexpr std::string_view kAtoms[] = {"a", "b", "x", ".", "\\w", "[a-f]", "(a|b)", "(a|ab|abc)"};
    return std::string(kAtoms[rng_() % std::size(kAtoms)]);
  }
  std::string count() { return std::to_string(rng_() % 1200); }
  std::mt19937 rng_;
};

TEST(Hostile, ThousandRegexes) {
  const GrammarLimits limits = tight_limits();
  Generator generator(2026);
  size_t compiled = 0, refused = 0;
  for (uint32_t i = 0; i < 1000; ++i) {
    const std::string pattern = generator.hostile(i);
    const Result<Dfa> dfa = compile_regex(pattern, i % 3 == 0 ? RegexMatch::kWhole : RegexMatch::kSearch, limits);
    if (dfa) {
      ++compiled;
      ASSERT_LE(dfa->num_states(), limits.max_states) << pattern;
      ASSERT_LE(dfa->memory_bytes(), limits.memory_bytes) << pattern;
    } else {
      ++refused;
      ASSERT_TRUE(is_typed(dfa.error())) << pattern << ": " << dfa.error().message;
    }
  }
  EXPECT_GT(compiled, 50u);
  EXPECT_GT(refused, 300u);
}

TEST(Hostile, ThousandGrammars) {
  const GrammarLimits limits = tight_limits();
  Generator generator(44);
  std::mt19937 rng(5);
  size_t built = 0, refused = 0;
  for (uint32_t i = 0; i < 1000; ++i) {
    std::string text;
    switch (i % 6) {
      case 0:
        text = "root ::= " + repeated("(", 1 + rng() % 400) + "\"a\"" + repeated(")*", rng() % 400);
        break;
      case 1:  // a long chain of rules, perhaps with no end
        for (size_t r = 0, n = 1 + rng() % 300; r < n; ++r) {
          text += fmt::format("r{} ::= r{} | \"x\" r{}\n", r, r + 1, rng() % (r + 1));
        }
        text += "root ::= r0\n";
        break;
      case 2:  // rules that double
        for (size_t r = 0; r < 60; ++r) text += fmt::format("r{0} ::= r{1} r{1}\n", r, r + 1);
        text += "r60 ::= \"a\"?\nroot ::= r0";
        break;
      case 3:
        text = fmt::format("root ::= (([a-z]{{0,{}}}){{0,{}}} root?){{{}}}", rng() % 1100, rng() % 1100, rng() % 20);
        break;
      default:
        text = "root ::= " + generator.garbage(1 + rng() % 200);
    }
    GrammarAssembly assembly;
    const Result<ExpressionId> root = add_ebnf(text, {}, limits, assembly);
    (root ? built : refused) += 1;
    if (!root) {
      ASSERT_TRUE(is_typed(root.error())) << text << ": " << root.error().message;
    }
    ASSERT_LE(assembly.size(), 100'000u);
  }
  EXPECT_GT(built, 100u);
  EXPECT_GT(refused, 300u);
}

// The limits of a request, for the worst of each kind.
TEST(Hostile, RequestLimitsHold) {
  for (const std::string& pattern : std::vector<std::string>{
           repeated("(", 2000), "((a{1000}){1000}){1000}", repeated("a|", 2000) + "b", "[ab]*a[ab]{20}$",
           std::string(5000, 'a'), "(.{0,100}x){10}", repeated("(?=.*a)", 500)}) {
    const Result<Dfa> dfa = compile_regex(pattern, RegexMatch::kSearch, {});
    if (!dfa) {
      EXPECT_TRUE(is_typed(dfa.error())) << dfa.error().message;
    }
  }
  GrammarAssembly assembly;
  EXPECT_EQ(add_ebnf(std::string(70'000, ' '), {}, {}, assembly).error().code, ErrorCode::kGrammarTooComplex);
  EXPECT_EQ(add_ebnf("root ::= " + repeated("(", 300), {}, {}, assembly).error().code, ErrorCode::kGrammarTooComplex);
  std::string rules;
  for (int r = 0; r < 5001; ++r) rules += fmt::format("r{}::=\"\"\n", r);
  EXPECT_EQ(add_ebnf(rules.substr(0, 65'000) + "\nroot::=\"\"", {}, {}, assembly).error().code,
            ErrorCode::kGrammarTooComplex);
}

TEST(Hostile, RecordedCrashers) {
  const auto path = shared_data("malformed/rust_regex_crashers.jsonl");
  REQUIRE_DATA(path);
  std::ifstream in(path);
  size_t checked = 0;
  for (std::string line; std::getline(in, line); ++checked) {
    const Json row = parse_json(line).value();
    const std::string_view base64 = row.at("b64").as_string();
    std::string bytes;
    uint32_t bits = 0;
    int have = 0;
    for (char c : base64) {
      static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
      const size_t value = kDigits.find(c);
      if (value == std::string_view::npos) break;
      bits = bits << 6 | static_cast<uint32_t>(value);
      if ((have += 6) >= 8) bytes += static_cast<char>(bits >> (have -= 8) & 0xFF);
    }
    for (const std::string& text : {bytes, replace_invalid_utf8(bytes)}) {
      const Result<Dfa> dfa = compile_regex(text, RegexMatch::kSearch, tight_limits());
      if (!dfa) {
        EXPECT_TRUE(is_typed(dfa.error()));
      }
      GrammarAssembly assembly;
      const Result<ExpressionId> root = add_ebnf(text, {}, tight_limits(), assembly);
      if (!root) {
        EXPECT_TRUE(is_typed(root.error()));
      }
    }
  }
  EXPECT_GT(checked, 4u);
}

}  // namespace
}  // namespace weft
