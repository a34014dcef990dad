// The hand-written splitters against the regular expressions that they stand for.
#include "text/known_split.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/utf8.h"
#include "text/split_pattern.h"
#include "text/unicode_classes.h"

namespace weft {
namespace {

std::vector<std::string> cut(NextWord next, std::string_view text) {
  std::vector<std::string> out;
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    const char* word_end = next(at, end);
    EXPECT_GT(word_end, at);
    out.emplace_back(at, word_end);
    at = word_end;
  }
  return out;
}

std::vector<std::string> cut(const SplitPattern& pattern, std::string_view text) {
  std::vector<TextSpan> matches;
  pattern.find_all(text, matches);
  std::vector<std::string> out;
  for (TextSpan match : matches) out.emplace_back(match.of(text));
  return out;
}

std::string utf8(char32_t code) {
  std::string out;
  append_utf8(out, code);
  return out;
}

// Code points that the regular expression engine here (of an older Unicode) puts into the same class.
std::vector<std::string> characters_in_common(CharacterClass wanted, const char* pattern, char32_t step) {
  auto compiled = SplitPattern::compile(pattern);
  EXPECT_TRUE(compiled);
  std::vector<std::string> out;
  for (char32_t code = 1; code < 0x110000; code += step) {
    if ((code >= 0xD800 && code < 0xE000) || character_class(code) != wanted) continue;
    std::string text = utf8(code);
    std::vector<TextSpan> matches;
    compiled->find_all(text, matches);
    if (!matches.empty()) out.push_back(text);
  }
  return out;
}

struct Classes {
  std::vector<std::vector<std::string>> by_class;
  explicit Classes(char32_t step)
      : by_class{characters_in_common(CharacterClass::kLetter, R"(\p{L})", step),
                 characters_in_common(CharacterClass::kNumber, R"(\p{N})", step),
                 characters_in_common(CharacterClass::kSpace, R"(\s)", 1),
                 characters_in_common(CharacterClass::kOther, R"([^\s\p{L}\p{N}])", step),
                 {"'", "s", "S", "t", "re", "VE", "m", "Ll", "d", "\xC5\xBF", "l", "r"},
                 {" ", "\n", "\r", "\t", "  ", "\r\n", "\xC2\xA0"},
                 {"a", "Z", "0", "9", ".", "!", "_", "<", "-"}} {}
};

class KnownSplit : public testing::TestWithParam<std::string_view (*)()> {};

TEST_P(KnownSplit, CutsEveryShortTextAsThePatternDoes) {
  auto pattern = SplitPattern::compile(GetParam()());
  ASSERT_TRUE(pattern);
  NextWord next = find_known_split(GetParam()());
  ASSERT_NE(next, nullptr);
  const std::string alphabet[] = {"a", "S", "'", " ", "\n", "\r", "\t", "7", ".", "l", "\xC2\xA0", "\xC3\xA9", "e"};
  constexpr size_t kLetters = std::size(alphabet);
  for (size_t length = 1, count = kLetters; length <= 4; ++length, count *= kLetters) {
    for (size_t number = 0; number < count; ++number) {
      std::string text;
      for (size_t i = 0, rest = number; i < length; ++i, rest /= kLetters) text += alphabet[rest % kLetters];
      ASSERT_EQ(cut(next, text), cut(*pattern, text)) << text;
    }
  }
}

TEST_P(KnownSplit, CutsRandomTextAsThePatternDoes) {
  auto pattern = SplitPattern::compile(GetParam()());
  ASSERT_TRUE(pattern);
  NextWord next = find_known_split(GetParam()());
  ASSERT_NE(next, nullptr);
  Classes classes(17);
  Rng rng(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto left = 1 + rng.below(30); left > 0; --left) {
      const auto& choices = classes.by_class[rng.below(classes.by_class.size())];
      const std::string& choice = choices[rng.below(choices.size())];
      for (auto times = rng.below(8) == 0 ? rng.below(6) : 1; times > 0; --times) text += choice;
    }
    ASSERT_EQ(cut(next, text), cut(*pattern, text)) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, KnownSplit, testing::Values(gpt2_pattern, llama3_pattern, qwen2_pattern));

TEST(KnownSplits, AreFoundByTheirSpellingOnly) {
  EXPECT_EQ(find_known_split("\\p{L}+"), nullptr);
  EXPECT_EQ(find_known_split(""), nullptr);
}

// Of Unicode 16, as Hugging Face's tokenizers know it.
TEST(CharacterClasses, AreUnicodes) {
  EXPECT_EQ(character_class('a'), CharacterClass::kLetter);
  EXPECT_EQ(character_class(U'\u4E00'), CharacterClass::kLetter);
  EXPECT_EQ(character_class(0x323AF), CharacterClass::kLetter);  // Unicode 15
  EXPECT_EQ(character_class(0xA7DA), CharacterClass::kLetter);   // Unicode 16
  EXPECT_EQ(character_class(U'\u00BD'), CharacterClass::kNumber);
  EXPECT_EQ(character_class(U'\u0085'), CharacterClass::kSpace);
  EXPECT_EQ(character_class(U'\u180E'), CharacterClass::kOther);  // no white space since Unicode 6.3
  EXPECT_EQ(character_class(U'\u200B'), CharacterClass::kOther);
  EXPECT_EQ(character_class(U'\u0301'), CharacterClass::kOther);
  EXPECT_EQ(character_class(0xE0100), CharacterClass::kOther);
  EXPECT_EQ(character_class(0x10FFFF), CharacterClass::kOther);
}

}  // namespace
}  // namespace weft
