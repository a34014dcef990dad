// Prompts and answers of published GGUF models. recorded_text_test.cc has the vocabularies.
#include "text/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include "text/detokenizer.h"
#include "text/recorded_data.h"

namespace weft {
namespace {

struct GoldenModel {
  const char* golden;
  const char* file;
};

class GoldenPrompts : public testing::TestWithParam<GoldenModel> {};

TEST_P(GoldenPrompts, GiveTheRecordedIds) {
  auto golden_path = shared_data(std::string("goldens/") + GetParam().golden);
  auto path = model_path(GetParam().file);
  REQUIRE_DATA(golden_path);
  REQUIRE_DATA(path);
  auto golden = parse_json(read_all(golden_path));
  ASSERT_TRUE(golden);
  auto files = ModelFiles::open(path);
  ASSERT_TRUE(files) << files.error().message;
  auto loaded = Tokenizer::load(*files);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Tokenizer& tokenizer = **loaded;
  for (const Json& run : golden->at("greedy").as_array()) {
    std::string prompt(run.at("prompt").as_string());
    EXPECT_EQ(tokenizer.encode(prompt), ids_of(run.at("prompt_ids"))) << prompt;
    EXPECT_EQ(tokenizer.decode(ids_of(run.at("output_ids")), false), run.at("output").as_string());
  }
  for (const Json& run : golden->at("chat").as_array()) {
    std::string rendered(run.at("rendered").as_string());
    // A template writes its own BOS.
    EXPECT_EQ(tokenizer.encode(rendered, {.add_special_tokens = false}), ids_of(run.at("prompt_ids"))) << rendered;
  }
}

INSTANTIATE_TEST_SUITE_P(Demo, GoldenPrompts,
                         testing::Values(GoldenModel{"smollm2.json", "SmolLM2-135M-Instruct.Q4_1.gguf"},
                                         GoldenModel{"qwen2.5-coder-0.5b.json",
                                                     "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"},
                                         GoldenModel{"gemma3-270m.json", "gemma-3-270m-q4_k_m.gguf"}));

}  // namespace
}  // namespace weft
