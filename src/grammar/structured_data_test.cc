// Schemas of the wild and of JSON Schema's own test suite: instances as json.dumps writes them, through token masks.
#include "grammar/structured_data.h"

#include <algorithm>

namespace weft {
namespace {

using Kind = GrammarSpec::Kind;

struct Verdicts {
  int supported = 0, schemas = 0;
  int valid = 0, valid_accepted = 0;
  int invalid = 0, invalid_accepted = 0;
};

// Judges every test ({"data", "valid"}) of one schema. `name`: what differences are reported under.
void judge(const ProbeTokens& tokens, const std::string& name, const std::string& schema,
           const std::vector<std::string>& tests, Verdicts& verdicts, KnownDifferences& known) {
  ++verdicts.schemas;
  auto compiled = tokens.compile(Kind::kJsonSchema, schema);
  if (!compiled) {
    EXPECT_FALSE(compiled.error().message.empty());
    return;
  }
  ++verdicts.supported;
  for (size_t i = 0; i < tests.size(); ++i) {
    RawObject test(tests[i]);
    auto instance = python_json(test.raw("data"));
    ASSERT_TRUE(instance) << instance.error().message;
    bool valid = test.is_true("valid");
    TextVerdict verdict = check_text(tokens.probe(), *compiled->constraint, *instance);
    (valid ? verdicts.valid : verdicts.invalid) += 1;
    if (verdict.accepted) (valid ? verdicts.valid_accepted : verdicts.invalid_accepted) += 1;
    if (verdict.accepted != valid) {
      known.differs(fmt::format("{} #{}", name, i),
                    fmt::format("{} instance {} {}. {}", valid ? "valid" : "invalid", *instance,
                                valid ? "rejected" : "accepted", verdict.reason));
    }
  }
}

void report(const Verdicts& verdicts) {
  fmt::print("{} of {} schemas supported; {} of {} valid accepted, {} of {} invalid accepted\n", verdicts.supported,
             verdicts.schemas, verdicts.valid_accepted, verdicts.valid, verdicts.invalid_accepted, verdicts.invalid);
}

void judge_maskbench(const ProbeTokens& tokens, size_t stride, Verdicts& verdicts) {
  auto path = shared_data("structured/jsonschemabench_maskbench.jsonl");
  KnownDifferences known({});
  std::vector<std::string> lines = read_lines(path);
  for (size_t i = 0; i < lines.size(); i += stride) {
    RawObject line(lines[i]);
    judge(tokens, line.text("id"), line.raw("schema"), line.elements("tests"), verdicts, known);
  }
  known.expect_all_seen();
  report(verdicts);
}

// A third of the schemas: tools/compare_xgrammar.py takes all, by hand.
TEST(StructuredData, MaskBench) {
  REQUIRE_DATA(shared_data("structured/jsonschemabench_maskbench.jsonl"));
  Verdicts verdicts;
  judge_maskbench(ProbeTokens::bytes(), 3, verdicts);
  EXPECT_EQ(verdicts.schemas, 329);
  EXPECT_GE(verdicts.supported, 329 * 95 / 100);
  EXPECT_EQ(verdicts.invalid_accepted, 0);
  EXPECT_EQ(verdicts.valid_accepted, verdicts.valid);
}

TEST(StructuredData, MaskBenchWithAModelsVocabulary) {
  auto path = shared_data("tokenizers/hf/qwen3/tokenizer.json");
  REQUIRE_DATA(path);
  auto tokenizer = Tokenizer::load_file(path);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  TokenId end = (*tokenizer)->find_token("<|im_end|>").value();
  Verdicts verdicts;
  judge_maskbench(ProbeTokens::with(std::move(*tokenizer), end), 40, verdicts);
  EXPECT_EQ(verdicts.schemas, 25);
  EXPECT_EQ(verdicts.invalid_accepted, 0);
  EXPECT_EQ(verdicts.valid_accepted, verdicts.valid);
}

// `draft`: put in front where a schema does not name one; "": left out.
void judge_suite(std::string_view file, std::string_view draft, KnownDifferences known, int min_supported) {
  auto path = shared_data("structured") / file;
  REQUIRE_DATA(path);
  ProbeTokens tokens = ProbeTokens::bytes();
  Verdicts verdicts;
  for (const std::string& text : read_lines(path)) {
    RawObject group(text);
    std::string schema = group.raw("schema");
    if (!draft.empty() && schema.starts_with("{") && schema.find("\"$schema\"") == std::string::npos) {
      schema = fmt::format("{{\"$schema\": \"{}\"{}{}", draft, schema == "{}" ? "" : ", ", schema.substr(1));
    }
    judge(tokens, fmt::format("{}: {}", group.text("file"), group.text("description")), schema, group.elements("tests"),
          verdicts, known);
  }
  known.expect_all_seen();
  report(verdicts);
  EXPECT_GE(verdicts.supported, min_supported);
}

// The first part of each name is a file of the suite.
std::map<std::string, std::string> common_differences() {
  return {
      {"format.json", "formats are enforced; to the suite they are annotations"},
      {"optional/float-overflow.json", "numbers under multipleOf are written without exponent"},
      {"optional/format/date-time.json", "leap seconds only in UTC"},
      {"optional/format/time.json", "leap seconds only in UTC"},
      {"optional/format/hostname.json: validation of A-label", "no Punycode: its rules are beyond an automaton"},
      {"optional/format/idn-hostname.json", "no Punycode, and only letters whose place in a label does not matter"},
      {"optional/format/ecmascript-regex.json: ECMA 262 named groups", "`format: regex` has no named groups"},
  };
}

std::map<std::string, std::string> draft7_differences() {
  auto reasons = common_differences();
  reasons.erase("format.json");
  reasons["optional/content.json"] = "contentMediaType and contentEncoding are annotations";
  return reasons;
}

TEST(StructuredData, TestSuiteOfDraft202012) {
  auto reasons = common_differences();
  reasons["vocabulary.json"] = "a metaschema of one's own changes nothing: every vocabulary is in force";
  judge_suite("json_schema_test_suite_draft2020-12.jsonl", "", KnownDifferences(reasons), 410);
}

TEST(StructuredData, TestSuiteOfDraft7) {
  judge_suite("json_schema_test_suite_draft7.jsonl", "http://json-schema.org/draft-07/schema#",
              KnownDifferences(draft7_differences()), 290);
}

// Without "$schema" a schema is read as the union of the drafts.
TEST(StructuredData, TestSuiteOfDraft7AsUnionOfDrafts) {
  auto reasons = draft7_differences();
  reasons["ref.json: ref overrides any sibling keywords"] = "siblings of $ref count in newer drafts";
  reasons["ref.json: $ref prevents a sibling $id"] = "siblings of $ref count in newer drafts";
  judge_suite("json_schema_test_suite_draft7.jsonl", "", KnownDifferences(reasons), 290);
}

}  // namespace
}  // namespace weft
