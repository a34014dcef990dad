// The smallest model that anybody has documented the output of: stories260K, greedy, from its first token.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/test_data.h"
#include "engine_harness.h"

namespace weft {
namespace {

constexpr TokenId kStart = 1;
constexpr int32_t kNumTokens = 256;  // as the documented command generates

std::string read(const std::filesystem::path& path) {
  auto text = read_text_file(path, 1 << 20);
  CHECK(text.has_value());
  return *text;
}

// The text that follows the first command in the model's description.
std::string documented_text(const std::string& description) {
  size_t command = description.find("$ ./run");
  CHECK(command != std::string::npos);
  size_t begin = description.find('\n', command) + 1;
  return description.substr(begin, description.find("\n```", begin) - begin);
}

TEST(StoriesTest, GreedyTextIsTheDocumentedOne) {
  const auto ids_file = shared_data("models/stories260K/greedy_ids.json");
  const auto description = shared_data("models/stories260K/stories260K.md");
  REQUIRE_DATA(ids_file);
  REQUIRE_DATA(description);
  auto golden = parse_json(read(ids_file));
  ASSERT_TRUE(golden) << golden.error().message;
  std::vector<TokenId> expected;
  for (const Json& id : golden->as_object().at("ids").as_array()) expected.push_back(id.to_number<TokenId>());
  ASSERT_EQ(golden->as_object().at("start_token").to_number<TokenId>(), kStart);

  auto runtime = ModelRuntime::load(source_path("testdata/stories260K.gguf").string(), 1, "auto");
  ASSERT_TRUE(runtime) << runtime.error().message;
  RequestDraft draft{.prompt = {kStart}, .sampling = {.temperature = 0}, .max_tokens = kNumTokens, .ignore_eos = true};
  auto request = ValidatedRequest::make(draft, {.vocab_size = 512, .max_model_len = 512});
  ASSERT_TRUE(request) << request.error().message;
  Answers answers = run_alone(*runtime->model, *runtime->pool, *request, {.num_pages = {32}});
  std::vector<TokenId> ids = answers[{1, 0}].ids();
  ASSERT_EQ(ids.size(), static_cast<size_t>(kNumTokens));

  std::string whole = documented_text(read(description));
  ASSERT_GT(whole.size(), 500U);
  EXPECT_EQ(runtime->model->tokenizer->decode(ids), whole);
  ASSERT_LE(expected.size(), ids.size());
  ASSERT_GE(expected.size(), 250U);
  ids.resize(expected.size());
  EXPECT_EQ(ids, expected);
  EXPECT_EQ(runtime->model->tokenizer->decode(ids), std::string(golden->as_object().at("text").as_string()));
}

}  // namespace
}  // namespace weft
