// Where tokens lie in the original text.
#include <gtest/gtest.h>

#include "text/alignment.h"
#include "text/recorded_data.h"

namespace weft {
namespace {

std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::string> out;
  std::vector<int32_t> ids;
  for (TokenSpan token : tokenizer.encode_with_offsets(text, {})) {
    EXPECT_LE(token.begin, token.end);
    EXPECT_LE(token.end, text.size());
    out.emplace_back(text.substr(token.begin, token.end - token.begin));
    ids.push_back(token.id);
  }
  EXPECT_EQ(ids, tokenizer.encode(text));
  return out;
}

TEST(Alignment, FollowsInsertionsRemovalsAndReplacements) {
  std::string_view before = "a b c";
  auto spans = align_rewriting(before, identity_alignment(before, 10), "_a b c");
  std::vector<size_t> begins;
  for (TextSpan span : spans) begins.push_back(span.begin);
  EXPECT_EQ(begins, (std::vector<size_t>{10, 10, 11, 12, 13, 14}));
  begins.clear();
  for (TextSpan span : align_rewriting("ABAB ab", identity_alignment("ABAB ab", 0), "abab ab")) {
    begins.push_back(span.begin);
  }
  EXPECT_EQ(begins, (std::vector<size_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(align_rewriting("abc", identity_alignment("abc", 0), "").empty());
}

TEST(Offsets, OfByteLevelTokens) {
  REQUIRE_DATA(shared_data("tokenizers/hf/qwen3"));
  auto tokenizer = load_vocabulary("qwen3");
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(pieces(*tokenizer, "Hello world<|im_end|>\n"),
            (std::vector<std::string>{"Hello", " world", "<|im_end|>", "\n"}));
  // Of a letter that is composed only the first character counts, as Hugging Face has it; the bytes of a rare character
  // cover all of it.
  EXPECT_EQ(pieces(*tokenizer, "cafe\xCC\x81 \xF0\x93\x80\x80"),
            (std::vector<std::string>{"ca", "fe", " ", "\xF0\x93\x80\x80", "\xF0\x93\x80\x80", "\xF0\x93\x80\x80"}));
  EXPECT_EQ(pieces(*tokenizer, "a\xFFz"), (std::vector<std::string>{"a", "\xFF", "z"}));
}

TEST(Offsets, OfSentencePieceTokens) {
  REQUIRE_DATA(shared_data("tokenizers/hf/phi-3"));
  auto tokenizer = load_vocabulary("phi-3");
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(pieces(*tokenizer, "Hello world"), (std::vector<std::string>{"Hello", " world"}));
}

// The ids are encode()'s, whatever the kind of model.
TEST(Offsets, OfEveryKindOfVocabulary) {
  REQUIRE_DATA(shared_data("tokenizers"));
  for (const char* name : {"t5-small", "falcon", "roberta-base", "llama-spm.gguf", "bert-bge.gguf",
                           "sentencepiece/sp-unigram-en-test.model", "sentencepiece/mistral-v3.model",
                           "tiktoken/llama3-tokenizer.model", "wordpiece/bert-base-uncased-vocab.txt"}) {
    SCOPED_TRACE(name);
    auto tokenizer = load_vocabulary(name);
    ASSERT_NE(tokenizer, nullptr);
    for (const char* text :
         {"", " ", "Hello world", "a  \n\tb\xC3\xA9 <s>\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9!",
          "\xE6\xBC\xA2\xE5\xAD\x97 \xEF\xAC\x81 caf\x65\xCC\x81 \xFF\xFE 1234567 [MASK]"}) {
      pieces(*tokenizer, text);
    }
  }
}

}  // namespace
}  // namespace weft
