// tokenizer.json of published models against ids and texts that Hugging Face's tokenizers recorded.
#include "text/tokenizer_json.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/test_data.h"

namespace weft {
namespace {

std::string read_all(const std::filesystem::path& path) {
  auto text = read_text_file(path, 256u << 20);
  EXPECT_TRUE(text) << path;
  return text ? *text : "";
}

std::vector<int32_t> ids_of(const Json& array) {
  std::vector<int32_t> out;
  for (const Json& id : array.as_array()) out.push_back(static_cast<int32_t>(id.as_int64()));
  return out;
}

Result<std::unique_ptr<Tokenizer>> load(std::string_view model) {
  return load_json_tokenizer(read_all(shared_data("tokenizers/hf") / model / "tokenizer.json"), Metadata{});
}

class PublishedTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(PublishedTokenizer, GivesTheRecordedIdsAndTexts) {
  std::string model = GetParam();
  auto reference = shared_data("tokenizers/reference/hf_" + model + ".jsonl");
  REQUIRE_DATA(reference);
  auto loaded = load(model);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Tokenizer& tokenizer = **loaded;
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
                         testing::Values("falcon", "phi-2", "phi-3", "qwen3", "roberta-base"));

}  // namespace
}  // namespace weft
