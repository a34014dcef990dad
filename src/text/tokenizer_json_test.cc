// tokenizer.json of published models against ids and texts that Hugging Face's tokenizers recorded.
#include "text/tokenizer_json.h"

#include <gtest/gtest.h>

#include <sstream>

#include "text/recorded_data.h"

namespace weft {
namespace {

class PublishedTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(PublishedTokenizer, GivesTheRecordedIdsAndTexts) {
  std::string model = GetParam();
  auto reference = shared_data("tokenizers/reference/hf_" + model + ".jsonl");
  REQUIRE_DATA(reference);
  auto loaded = load_vocabulary(model);
  ASSERT_NE(loaded, nullptr);
  const Tokenizer& tokenizer = *loaded;
  std::istringstream lines(read_all(reference));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    auto record = parse_json(line);
    ASSERT_TRUE(record);
    std::string text(record->at("text").as_string());
    auto ids = ids_of(record->at("ids"));
    EXPECT_EQ(tokenizer.encode(text, {.add_special_tokens = false}), ids) << text.substr(0, 200);
    EXPECT_EQ(tokenizer.encode(text), ids_of(record->at("ids_with_special"))) << text.substr(0, 200);
    EXPECT_EQ(tokenizer.decode(ids, false), std::string(record->at("decoded").as_string()));
  }
  EXPECT_EQ(count, 309);
}

INSTANTIATE_TEST_SUITE_P(HuggingFace, PublishedTokenizer,
                         testing::Values("falcon", "phi-2", "phi-3", "qwen3", "roberta-base", "t5-small"));

}  // namespace
}  // namespace weft
