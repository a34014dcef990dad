// Memory of words, threads and chunks change no token.
#include "text/word_encoder.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/rng.h"
#include "base/utf8.h"
#include "text/added_tokens.h"
#include "text/nfc_check.h"
#include "text/normalizer.h"
#include "text/recorded_data.h"

namespace weft {
namespace {

// A token per byte, counting how often it is asked.
class ByteModel : public SubwordModel {
 public:
  void encode_word(std::string_view word, MergeScratch&, std::vector<int32_t>& out) const override {
    ++asked;
    for (char c : word) out.push_back(static_cast<unsigned char>(c));
  }
  mutable int asked = 0;
};

std::vector<int32_t> bytes_of(std::string_view text) {
  std::vector<int32_t> out;
  for (char c : text) out.push_back(static_cast<unsigned char>(c));
  return out;
}

TEST(WordEncoder, RemembersShortWordsWithFewTokens) {
  ByteModel model;
  WordEncoder encoder(model);
  std::vector<int32_t> ids;
  auto encode = [&](std::string_view word) { encoder.encode(word, word.data() + word.size(), ids); };
  for (int round = 0; round < 3; ++round) encode("seven77");
  EXPECT_EQ(model.asked, 1);
  EXPECT_EQ(ids, bytes_of("seven77seven77seven77"));
  for (int round = 0; round < 3; ++round) encode("eight888");
  EXPECT_EQ(model.asked, 4);
}

TEST(WordEncoder, GivesTheModelsTokens) {
  ByteModel model;
  WordEncoder encoder(model);
  Rng rng(3);
  for (int round = 0; round < 200'000; ++round) {
    // Few letters, so that words come again, also with zeros and as beginnings of others.
    char word[40];
    size_t size = 1 + rng.below(round % 16 == 0 ? sizeof word : 6);
    for (size_t i = 0; i < size; ++i) word[i] = "ab\0c"[rng.below(4)];
    std::vector<int32_t> ids = {7};
    const char* readable = rng.below(2) == 0 ? word + size : word + sizeof word;
    encoder.encode({word, size}, readable, ids);
    std::vector<int32_t> expected = bytes_of({word, size});
    expected.insert(expected.begin(), 7);
    ASSERT_EQ(ids, expected);
  }
  EXPECT_LT(model.asked, 100'000);
}

std::string mixed_text(size_t bytes, uint64_t seed) {
  const std::string parts[] = {"Hello ",
                               "world",
                               "\n",
                               "\n\n",
                               " \n",
                               "  ",
                               "\r\n",
                               "x = 1;",
                               "\t",
                               "\xE4\xB8\xAD\xE6\x96\x87",
                               " \xD0\xBF\xD1\x80\xD0\xB8",
                               "123",
                               "'s",
                               "!?",
                               "\xC2\xA0",
                               "\xE2\x80\xA8",
                               "caf\xC3\xA9",
                               "\n\xC2\xA0",
                               "<|im_end|>",
                               "\n'll"};
  Rng rng(seed);
  std::string out;
  while (out.size() < bytes) out += parts[rng.below(std::size(parts))];
  return out;
}

TEST(ParallelEncoding, GivesTheSameTokens) {
  for (const char* name : {"qwen3", "roberta-base", "phi-3"}) {
    REQUIRE_DATA(shared_data(std::string("tokenizers/hf/") + name));
    auto tokenizer = load_vocabulary(name);
    ASSERT_NE(tokenizer, nullptr);
    size_t largest = 0;
    auto in_threads = [&](size_t count, const std::function<void(size_t)>& run) {
      largest = std::max(largest, count);
      std::vector<std::thread> threads;
      for (size_t i = 0; i < count; ++i) threads.emplace_back(run, count - 1 - i);
      for (std::thread& thread : threads) thread.join();
    };
    for (uint64_t seed = 0; seed < 3; ++seed) {
      std::string text = mixed_text(700'000, seed);
      for (bool special : {false, true}) {
        EncodeOptions options{.parse_special_tokens = special};
        EXPECT_EQ(tokenizer->encode_parallel(text, options, in_threads), tokenizer->encode(text, options)) << name;
      }
    }
    if (std::string_view(name) == "qwen3") {
      EXPECT_GT(largest, 5u);
    }
  }
}

// Wherever a text may be cut, the words of the whole and of the parts are the same.
TEST(SafeCut, IsAlwaysWhereAWordBegins) {
  for (auto pattern : {gpt2_pattern(), llama3_pattern(), qwen2_pattern()}) {
    NextWord next = find_known_split(pattern);
    for (uint64_t seed = 0; seed < 300; ++seed) {
      std::string text = mixed_text(300, seed);
      std::vector<bool> begins(text.size() + 1);
      for (const char *at = text.data(), *end = at + text.size(); at < end; at = next(at, end)) {
        begins[static_cast<size_t>(at - text.data())] = true;
      }
      begins[text.size()] = true;
      for (size_t from = 0; from < text.size(); ++from) {
        size_t cut = safe_cut(text, from);
        ASSERT_GE(cut, from);
        ASSERT_TRUE(begins[cut]) << text.substr(0, cut);
      }
    }
  }
}

TEST(NfcCheck, IsSureOnlyOfTextsThatNfcLeaves) {
  auto nfc = normal_form_step(NormalForm::kNfc);
  EXPECT_TRUE(is_surely_nfc("plain \xC3\xA9 \xE4\xB8\xAD \xEA\xB0\x81 \xF0\x9F\x98\x80"));
  EXPECT_FALSE(is_surely_nfc("e\xCC\x81"));
  EXPECT_FALSE(is_surely_nfc("\xE1\x84\x80\xE1\x85\xA1"));  // jamo that make a syllable
  EXPECT_FALSE(is_surely_nfc("\xE2\x84\xAB"));              // the sign for angstrom becomes the letter
  std::vector<std::string> sure;
  for (char32_t code = 1; code < 0x30000; ++code) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    append_utf8(text, code);
    if (!is_surely_nfc(text)) continue;
    sure.push_back(text);
  }
  EXPECT_GT(sure.size(), 190'000u);
  // All of them in a row, forwards and with a stride, as apply() would do it without the check.
  std::string row;
  for (size_t i = 0; i < sure.size(); ++i) row += sure[i];
  for (size_t i = 0; i < sure.size(); ++i) row += sure[i * 7919 % sure.size()];
  EXPECT_TRUE(is_surely_nfc(row));
  // A mark at the end, far from everything, makes apply() normalise all of it.
  std::string with_mark = row + "--\xCC\x81";
  std::string normalized = with_mark;
  nfc->apply(normalized);
  EXPECT_EQ(normalized, with_mark);
}

TEST(AddedTokenFinder, TakesTheLongestAtTheLeftmostPlace) {
  std::vector<AddedToken> tokens;
  int32_t id = 0;
  for (const char* text : {"<a>", "<a><b>", "  ", "    ", "<", ""}) tokens.push_back({.id = id++, .text = text});
  AddedTokenFinder finder(tokens);
  auto found = [&](std::string_view text) {
    std::vector<TextFragment> fragments;
    finder.split(text, true, fragments);
    std::string out;
    for (const TextFragment& fragment : fragments) out += fmt::format("{}:{};", fragment.id, fragment.text);
    return out;
  };
  EXPECT_EQ(found("x<a><a><b>y"), "-1:x;0:<a>;1:<a><b>;-1:y;");
  EXPECT_EQ(found("<a<a>"), "4:<;-1:a;0:<a>;");
  EXPECT_EQ(found("a       b"), "-1:a;3:    ;2:  ;-1: b;");
  EXPECT_EQ(found(""), "");
  EXPECT_EQ(found("no"), "-1:no;");
}

}  // namespace
}  // namespace weft
