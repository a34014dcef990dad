// Every normalizer and pre-tokenizer of tokenizer.json alone, against what Hugging Face's tokenizers make of some texts
// (testdata/tokenizer_steps.jsonl, written by tools/tokenizer_parity.py --record).
#include "text/tokenizer_json_steps.h"

#include <gtest/gtest.h>

#include <sstream>

#include "text/byte_level.h"
#include "text/recorded_data.h"

namespace weft {
namespace {

std::string normalized(const JsonNode& root, std::string_view text) {
  auto normalizer = parse_normalizer(root);
  EXPECT_TRUE(normalizer) << normalizer.error().message;
  return normalizer ? normalize(*normalizer, text) : "";
}

std::vector<std::string> words(const JsonNode& root, std::string_view text) {
  auto parsed = parse_pre_tokenizer(root);
  EXPECT_TRUE(parsed) << parsed.error().message;
  if (!parsed || text.empty()) return {};
  SplitText split{std::string(text), {{0, text.size()}}, true};
  for (const auto& step : parsed->steps) step->apply(split);
  std::vector<std::string> out;
  for (TextSpan word : split.words) {
    std::string_view bytes = word.of(split.text);
    out.push_back(parsed->byte_level ? to_byte_level(bytes) : std::string(bytes));
  }
  return out;
}

TEST(TokenizerSteps, DoWhatWasRecorded) {
  std::istringstream lines(read_all(source_path("testdata/tokenizer_steps.jsonl")));
  simdjson::dom::parser parser;
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    simdjson::dom::element root;
    ASSERT_FALSE(parser.parse(line).get(root));
    JsonNode node(root, "");
    std::string text(node.text_at("text").value());
    if (node.find("normalizer")) {
      EXPECT_EQ(normalized(node, text), node.text_at("expected").value()) << line;
      continue;
    }
    std::vector<std::string> expected;
    JsonNode list = node.at("expected").value();
    simdjson::dom::array elements = list.array().value();
    for (std::string_view word : elements) expected.emplace_back(word);
    EXPECT_EQ(words(node, text), expected) << line;
  }
  EXPECT_GT(count, 400);
}

}  // namespace
}  // namespace weft
