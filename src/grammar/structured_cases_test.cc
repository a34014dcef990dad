// llama.cpp's and XGrammar's own cases: what their authors expect of grammars, regular expressions and schemas.
#include <functional>

#include "grammar/structured_data.h"

namespace weft {
namespace {

using Kind = GrammarSpec::Kind;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

class StructuredCases : public ::testing::Test {
 protected:
  // Compiles, and compares the verdicts on each text.
  void expect(KnownDifferences& known, const std::string& name, Kind kind, const std::string& source,
              const std::vector<std::string>& accepted, const std::vector<std::string>& rejected) {
    auto compiled = tokens_.compile(kind, source);
    if (!compiled) return known.differs(name, "refused: " + compiled.error().message);
    for (const std::string& text : accepted) {
      TextVerdict verdict = check_text(tokens_.probe(), *compiled->constraint, text);
      if (!verdict.accepted) known.differs(name + ": " + text, "rejected. " + verdict.reason);
    }
    for (const std::string& text : rejected) {
      if (check_text(tokens_.probe(), *compiled->constraint, text).accepted)
        known.differs(name + ": " + text, "accepted");
    }
  }

  ProbeTokens tokens_ = ProbeTokens::bytes();
};

TEST_F(StructuredCases, LlamaCppGrammars) {
  auto path = shared_data("structured/llama_cpp_grammar_cases.jsonl");
  REQUIRE_DATA(path);
  KnownDifferences known(Reasons{
      {"min 0: 100000000000000000000000000000000", "llama.cpp has integers of at most 16 digits"},
      {"min 2: 12345678900000000", "llama.cpp has integers of at most 16 digits"},
      {"min 0: -0", "-0 is an integer, and not below 0"},
      {"empty schema (object): ", "llama.cpp takes {} for an object; JSON Schema takes it for anything"},
      {"min+max items: 1", "without \"type\" the bounds are about arrays only"},
      {"object properties, additionalProperties: true: ", "llama.cpp keeps the order of properties"},
      {"required + optional props each in original order: ", "llama.cpp keeps the order and closes such objects"},
  });
  int cases = 0;
  for (const std::string& text : read_lines(path)) {
    RawObject line(text);
    Kind kind = line.text("kind") == "schema" ? Kind::kJsonSchema : Kind::kGrammar;
    expect(known, line.text("name"), kind, line.text("source"), line.texts("accept"), line.texts("reject"));
    ++cases;
  }
  EXPECT_EQ(cases, 30);
  known.expect_all_seen();
}

// llama.cpp's translation of a schema is narrower than the schema (order of properties, 16 digits): what it allows, the
// schema does, too, but for white space at the end.
TEST_F(StructuredCases, LlamaCppTranslationsOfSchemas) {
  auto path = shared_data("structured/llama_cpp_schema_to_gbnf.jsonl");
  REQUIRE_DATA(path);
  KnownDifferences known(Reasons{
      {"string array", "\"prefixItems\" is no array: not a schema"},
      {"array with empty items and prefixItems", "\"prefixItems\" is no array: not a schema"},
      {"optional props with empty name", "llama.cpp's translation has a rule without a name"},
      {"optional props with common prefix", "llama.cpp lets a name begin with a control character"},
      {"optional + additional props", "llama.cpp lets a name begin with a control character"},
      {"required + additional props", "llama.cpp lets a name begin with a control character"},
      {"required + optional + additional props", "llama.cpp lets a name begin with a control character"},
      {"max -5", "llama.cpp has leading zeros in negative integers"},
      {"regexp quote", "llama.cpp leaves the quote unescaped"},
  });
  int samples = 0;
  for (const std::string& text : read_lines(path)) {
    RawObject line(text);
    std::string name = line.text("name");
    auto schema = tokens_.compile(Kind::kJsonSchema, line.text("schema"));
    if (line.text("status") != "SUCCESS") {
      if (schema) known.differs(name, "compiled");
      continue;
    }
    auto grammar = tokens_.compile(Kind::kGrammar, line.text("grammar"));
    if (!grammar) known.differs(name, "the grammar is refused: " + grammar.error().message);
    if (!schema) known.differs(name, "the schema is refused: " + schema.error().message);
    if (!grammar || !schema) continue;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      auto sample = sample_text(tokens_.probe(), *grammar->constraint, {.seed = seed, .max_tokens = 1000});
      ASSERT_TRUE(sample) << name << ": " << sample.error().message;
      if (!sample->finished) continue;
      ++samples;
      std::string_view value = std::string_view(sample->text).substr(0, sample->text.find_last_not_of(" \n\t") + 1);
      TextVerdict verdict = check_text(tokens_.probe(), *schema->constraint, value);
      if (!verdict.accepted) known.differs(name, "rejects " + sample->text + ": " + verdict.reason);
    }
  }
  EXPECT_GE(samples, 500);
  known.expect_all_seen();
}

TEST_F(StructuredCases, LlamaCppExampleGrammars) {
  auto folder = shared_data("structured/gbnf");
  REQUIRE_DATA(folder);
  KnownDifferences known({});
  auto example = [&](const char* name, const std::vector<std::string>& accepted,
                     const std::vector<std::string>& rejected) {
    expect(known, name, Kind::kGrammar, read_file(folder / name), accepted, rejected);
  };
  example("arithmetic.gbnf", {"1+2=3\n", "a1 *(b -2) =7\nx=y\n"}, {"", "1=2", "1+=2\n", "(1=2\n", "1 * 2=2\n"});
  example("c.gbnf",
          {"", "int f(){}", "int f(float x){return a+1;}", "int f(){/* a * b */}", "char g(){while(a<b){x = 1;}}"},
          {"int f()", "int (){}", "int f(){x=1}", "f(){}"});
  example("chess.gbnf", {"1. e4 e5\n2. Nf3 Nc6\n", "1. e4 e5\n2. O-O exd5+\n10. a8=Q Kxa8#\n"},
          {"1. e4 e5\n", "1. e4 e5\n0. a4 a5\n", "1. e9 e5\n2. a4 a5\n", "1. e4 e5\n2. a4 a5"});
  example("english.gbnf", {"Hello, world.", "a\tb\nc", "[x]\\^"}, {"", " a", "a  b", "caf\xC3\xA9"});
  example("japanese.gbnf", {"\xE3\x81\x82", "\xE3\x82\xA2\xE3\x80\x82\xE6\xBC\xA2"}, {"", "a", "\xE3\x81", " "});
  example("json.gbnf", {"{}", "{\"a\": [1, 2.5e1, null, \"\\u00e9\"]}", "{\"\": {\n \"x\":true}}"},
          {"", "[]", "{a:1}", "{\"a\":01}", "{\"a\":1,}", "{\"\x7F\":1}"});
  example("json_arr.gbnf", {"[\n]", "[\n1,\n{\"a\":2}]"}, {"[]", "{}", "[\n1,2]", "[\n] "});
  example("list.gbnf", {"- a\n", "- a\n- b c\n"}, {"", "- \n", "- a", "- a\xE2\x80\xA8\n", "-a\n"});
  known.expect_all_seen();
}

std::string json_schema_of_format(const std::string& format) {
  return "{\"type\": \"string\", \"format\": \"" + format + "\"}";
}

// One row of one of XGrammar's tests; rows of tests that this does not know are not counted.
int run_row(const RawObject& test, const std::string& row, KnownDifferences& known,
            const std::function<void(KnownDifferences&, const std::string&, Kind, const std::string&,
                                     const std::string&, bool)>& expect_text) {
  std::string name = test.text("test");
  if (name == "test_json_accept" || name == "test_json_refuse" || name == "test_json_pressure") {
    expect_text(known, name, Kind::kJsonSchema, "true", RawObject::text_of(row), name != "test_json_refuse");
  } else if (name == "test_repetition") {
    std::vector<std::string> cells = RawObject::elements_of(row);
    std::string regex = RawObject(test.raw("locals")).text("regex_str");
    expect_text(known, name, Kind::kRegex, regex, RawObject::text_of(cells[0]), cells[1] == "true");
  } else if (name == "test_advanced") {
    std::vector<std::string> cells = RawObject::elements_of(row);
    expect_text(known, name, Kind::kRegex, RawObject::text_of(cells[0]), RawObject::text_of(cells[1]),
                cells[2] == "true");
  } else if (name == "test_mask_generation_format") {
    std::vector<std::string> cells = RawObject::elements_of(row);
    auto instance = python_json(cells[0]);
    expect_text(known, name, Kind::kJsonSchema, json_schema_of_format(RawObject::text_of(cells[1])), instance.value(),
                true);
  } else {
    return 0;
  }
  return 1;
}

TEST_F(StructuredCases, XGrammarsCases) {
  auto folder = shared_data("structured/xgrammar");
  REQUIRE_DATA(folder);
  KnownDifferences known(Reasons{
      {"test_mask_generation_format: {\"type\": \"string\", \"format\": \"ipv4\"}: \"128.255.000.222\"",
       "no leading zeros in IPv4, as JSON Schema's test suite has it"},
  });
  auto expect_text = [&](KnownDifferences& differences, const std::string& name, Kind kind, const std::string& source,
                         const std::string& text, bool accepted) {
    std::vector<std::string> texts{text}, none;
    expect(differences, name + ": " + source, kind, source, accepted ? texts : none, accepted ? none : texts);
  };
  int rows = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    for (const std::string& text : read_lines(entry.path())) {
      RawObject test(text);
      for (const std::string& row : test.elements("rows")) rows += run_row(test, row, known, expect_text);
    }
  }
  EXPECT_GE(rows, 60);
  known.expect_all_seen();
}

TEST_F(StructuredCases, XGrammarsRegularExpressionsCompileOrNot) {
  auto path = shared_data("structured/xgrammar/test_grammar_matcher_regex.jsonl");
  REQUIRE_DATA(path);
  KnownDifferences known(Reasons{{"(?!a)", "look-ahead is supported"}});
  for (const std::string& text : read_lines(path)) {
    RawObject test(text);
    std::string name = test.text("test");
    if (name != "test_regex_accept" && name != "test_regex_refuse") continue;
    for (const std::string& regex : test.texts("rows")) {
      bool compiles = tokens_.compile(Kind::kRegex, regex).has_value();
      if (compiles != (name == "test_regex_accept")) known.differs(regex, compiles ? "compiled" : "refused");
    }
  }
  known.expect_all_seen();
}

}  // namespace
}  // namespace weft
