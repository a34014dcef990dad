// Exact ids of published GGUF vocabularies.
#include "text/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "text/detokenizer.h"
#include "text/recorded_data.h"

namespace weft {
namespace {

std::vector<std::string> split_texts(const std::string& all) {
  const std::string mark = "\n__ggml_vocab_test__\n";
  std::vector<std::string> out;
  size_t begin = 0;
  for (size_t at; (at = all.find(mark, begin)) != std::string::npos; begin = at + mark.size()) {
    out.push_back(all.substr(begin, at - begin));
  }
  return out;
}

std::vector<std::vector<int32_t>> parse_ids(const std::string& all) {
  std::vector<std::vector<int32_t>> out;
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    out.emplace_back();
    for (int32_t id; numbers >> id;) out.back().push_back(id);
  }
  return out;
}

class GgufVocabulary : public testing::TestWithParam<const char*> {};

TEST_P(GgufVocabulary, GivesTheRecordedIds) {
  auto base = shared_data(std::string("tokenizers/gguf_vocab/ggml-vocab-") + GetParam() + ".gguf");
  REQUIRE_DATA(base);
  auto files = ModelFiles::open(base);
  ASSERT_TRUE(files) << files.error().message;
  auto tokenizer = Tokenizer::load(*files);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  auto texts = split_texts(read_all(base.string() + ".inp"));
  auto expected = parse_ids(read_all(base.string() + ".out"));
  ASSERT_GE(texts.size(), 40u);
  ASSERT_EQ(texts.size(), expected.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    EncodeOptions plain{.add_special_tokens = false, .parse_special_tokens = false};
    EXPECT_EQ((*tokenizer)->encode(texts[i], plain), expected[i]) << "text " << i << ": " << texts[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Published, GgufVocabulary,
                         testing::Values("bert-bge", "deepseek-coder", "falcon", "gpt-2", "llama-spm", "phi-3",
                                         "starcoder"));

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
