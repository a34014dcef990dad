#include "text/detokenizer.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/utf8.h"
#include "text/recorded_data.h"

namespace weft {
namespace {

// Every vocabulary at hand, by the name of its file or folder.
const char* const kVocabularies[] = {"deepseek-coder.gguf",
                                     "falcon.gguf",
                                     "gpt-2.gguf",
                                     "llama-spm.gguf",
                                     "phi-3.gguf",
                                     "qwen3",
                                     "falcon",
                                     "phi-2",
                                     "phi-3",
                                     "roberta-base",
                                     "t5-small",
                                     "bert-bge.gguf",
                                     "wordpiece/bert-base-uncased-vocab.txt",
                                     "sentencepiece/mistral-v3.model",
                                     "sentencepiece/sp-unigram-en-test.model",
                                     "tiktoken/llama3-tokenizer.model"};

// Vocabularies that keep every byte of a text.
bool is_lossless(std::string_view name) {
  return !name.starts_with("t5") && name.find("bert-b") == std::string_view::npos &&
         !name.starts_with("sentencepiece/sp");
}

std::string stream(const Tokenizer& tokenizer, std::span<const int32_t> ids, bool skip_special, bool continues) {
  Detokenizer detokenizer(tokenizer, skip_special, continues);
  std::string out;
  for (int32_t id : ids) {
    std::string chunk = detokenizer.push(id);
    EXPECT_TRUE(is_valid_utf8(chunk));
    out += chunk;
  }
  std::string rest = detokenizer.flush();
  EXPECT_TRUE(is_valid_utf8(rest));
  EXPECT_EQ(detokenizer.flush(), "");
  return out + rest;
}

class EveryVocabulary : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    REQUIRE_DATA(shared_data("tokenizers"));
    tokenizer_ = load_vocabulary(GetParam());
    ASSERT_NE(tokenizer_, nullptr);
  }
  std::unique_ptr<Tokenizer> tokenizer_;
};

// What a text of these tokens reads as: the bytes of all tokens as a whole, ill-formed ones replaced.
std::string expected_text(const Tokenizer& tokenizer, std::span<const int32_t> ids, bool skip_special, bool continues) {
  DecodeRules rules = tokenizer.decode_rules();
  std::string bytes;
  bool at_start = !continues && rules.start != DecodeStart::kPlain;
  for (int32_t id : ids) {
    if (skip_special && tokenizer.is_special(id)) continue;
    std::string_view text = tokenizer.token_bytes(id);
    if (at_start) {
      std::string_view first = tokenizer.first_token_bytes(id);
      bool over = !first.empty() || (rules.start == DecodeStart::kFirstSpace && !text.empty());
      text = first;
      if (over || rules.start == DecodeStart::kFirstToken) at_start = false;
    }
    bytes += text;
  }
  if (!rules.replaces_each_byte) return replace_invalid_utf8(bytes);
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    size_t length = utf8_sequence_length(std::string_view(bytes).substr(i));
    out += length == 0 ? "\xEF\xBF\xBD" : bytes.substr(i, length);
    i += std::max<size_t>(length, 1);
  }
  return out;
}

// I17: what is streamed equals the bytes of the tokens, read as UTF-8 as a whole.
TEST_P(EveryVocabulary, StreamsEveryTokenInAnyOrder) {
  std::vector<int32_t> ids(static_cast<size_t>(tokenizer_->vocab_size()));
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i);
  Rng rng(7);
  for (int round = 0; round < 3; ++round) {
    for (size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[rng.below(i)]);
    for (bool skip_special : {false, true}) {
      EXPECT_EQ(stream(*tokenizer_, ids, skip_special, true), expected_text(*tokenizer_, ids, skip_special, true));
      std::string whole = tokenizer_->decode(ids, skip_special);
      EXPECT_EQ(stream(*tokenizer_, ids, skip_special, false), whole);
      EXPECT_EQ(whole, expected_text(*tokenizer_, ids, skip_special, false));
    }
  }
}

TEST_P(EveryVocabulary, GivesBackARealText) {
  auto path = shared_data("text/wikitext-2-raw-test.txt");
  REQUIRE_DATA(path);
  auto text = read_text_file(path, 16u << 20);
  ASSERT_TRUE(text);
  auto ids = tokenizer_->encode(*text, {.add_special_tokens = false, .parse_special_tokens = false});
  EXPECT_GT(ids.size(), 200'000u);
  EXPECT_LT(ids.size(), 700'000u);
  std::string decoded = tokenizer_->decode(ids, false);
  if (is_lossless(GetParam())) {
    EXPECT_EQ(decoded, *text);
  } else {
    EXPECT_GT(decoded.size(), text->size() / 2);
  }
}

TEST_P(EveryVocabulary, TakesRandomBytes) {
  Rng rng(11);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (size_t n = rng.below(64); n > 0; --n) text += static_cast<char>(rng.below(256));
    std::string valid = replace_invalid_utf8(text);
    auto ids = tokenizer_->encode(text);
    EXPECT_EQ(ids, tokenizer_->encode(valid));
    for (int32_t id : ids) EXPECT_TRUE(id >= 0 && id < tokenizer_->vocab_size());
  }
}

// Quadratic time in the length of a word or of a run would show as this test's timeout.
class LongRuns : public EveryVocabulary {};

TEST_P(LongRuns, AreEncoded) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr size_t kBytes = 128u << 10;
#else
  constexpr size_t kBytes = 1u << 20;
#endif
  for (const char* unit : {"a", " ", "\n", "^", "0", "\xC3\xA9", "\xE2\x96\x81", "\xF0\x9F\x98\x80", "<", "a ",
                           "\xCC\x81\xCC\x96", " \t", "\r\n "}) {
    std::string text;
    while (text.size() < kBytes) text += unit;
    size_t tokens = tokenizer_->encode(text + "x", {.add_special_tokens = false}).size();
    EXPECT_GT(tokens, is_lossless(GetParam()) ? 1000u : 0u) << unit;
  }
}

INSTANTIATE_TEST_SUITE_P(Published, LongRuns,
                         testing::Values("deepseek-coder.gguf", "llama-spm.gguf", "qwen3", "bert-bge.gguf",
                                         "sentencepiece/sp-unigram-en-test.model", "t5-small"));
INSTANTIATE_TEST_SUITE_P(Published, EveryVocabulary, testing::ValuesIn(kVocabularies));

}  // namespace
}  // namespace weft
