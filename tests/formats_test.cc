// The same weights as GGUF and as safetensors (written by tools/gguf_to_safetensors.py) are the same model, bit for
// bit.
#include <gtest/gtest.h>

#include <bit>
#include <numeric>

#include "base/rng.h"
#include "base/test_data.h"
#include "evaluate/sequence_scorer.h"
#include "repository/model_runtime.h"

namespace weft {
namespace {

class FormatsTest : public testing::Test {
 protected:
  static ModelRuntime load(std::string_view name) {
    auto runtime = ModelRuntime::load(source_path("testdata").append(name).string(), 1, "auto");
    CHECK(runtime.has_value());
    return *std::move(runtime);
  }

  // The bits of every logit after every position.
  static std::vector<uint32_t> logit_bits(const ModelRuntime& runtime, std::span<const TokenId> ids) {
    auto runner = runtime.make_runner_for_tokens(static_cast<int64_t>(ids.size()), 1, 64);
    CHECK(runner.has_value());
    std::vector<int32_t> positions(ids.size());
    std::iota(positions.begin(), positions.end(), 0);
    std::vector<uint32_t> bits;
    Status status = SequenceScorer(**runner).score(ids, positions, [&](int32_t, std::span<const float> logits) {
      for (float logit : logits) bits.push_back(std::bit_cast<uint32_t>(logit));
    });
    EXPECT_TRUE(status) << status.error().message;
    return bits;
  }

  ModelRuntime gguf_ = load("stories260K.gguf");
  ModelRuntime safetensors_ = load("stories260K_safetensors");
};

TEST_F(FormatsTest, LogitsHaveTheSameBits) {
  ASSERT_EQ(gguf_.model->files.format(), ModelFormat::kGguf);
  ASSERT_EQ(safetensors_.model->files.format(), ModelFormat::kSafetensors);
  Rng rng(1);
  std::vector<TokenId> ids = {1};
  while (ids.size() < 150) ids.push_back(static_cast<TokenId>(3 + rng.below(509)));
  auto expected = logit_bits(gguf_, ids);
  ASSERT_EQ(expected.size(), ids.size() * 512);
  EXPECT_TRUE(logit_bits(safetensors_, ids) == expected);
}

TEST_F(FormatsTest, TokenizersAgree) {
  const Tokenizer& one = *gguf_.model->tokenizer;
  const Tokenizer& other = *safetensors_.model->tokenizer;
  for (std::string_view text : {"Once upon a time, there was a little girl named Lily.", "  two  spaces\n\nand lines",
                                "", " ", "Größe 水 \xF0\x9F\x98\x80", "<s>She said</s>", "1234567890"}) {
    auto ids = one.encode(text);
    EXPECT_EQ(other.encode(text), ids) << text;
    EXPECT_EQ(other.decode(ids), one.decode(ids)) << text;
  }
  EXPECT_EQ(other.bos_id(), one.bos_id());
  EXPECT_EQ(other.eos_id(), one.eos_id());
  EXPECT_EQ(safetensors_.model->eos_token_ids, gguf_.model->eos_token_ids);
}

}  // namespace
}  // namespace weft
