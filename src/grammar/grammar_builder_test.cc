#include "grammar/grammar_builder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/test_data.h"
#include "grammar/machine.h"

namespace weft {
namespace {

const GrammarLimits kLimits;

Result<BuiltGrammar> build(GrammarSpec::Kind kind, std::string_view text) {
  GrammarSpec spec;
  spec.kind = kind;
  spec.text = text;
  return build_grammar(spec, {}, kLimits);
}
Result<BuiltGrammar> from_grammar(std::string_view text) { return build(GrammarSpec::Kind::kGrammar, text); }
Result<BuiltGrammar> from_tag(std::string_view format) {
  return build(GrammarSpec::Kind::kStructuralTag, fmt::format(R"({{"type": "structural_tag", "format": {}}})", format));
}

// Whether the machine takes each text; one grammar, many texts.
class Acceptor {
 public:
  explicit Acceptor(Result<BuiltGrammar> built) {
    EXPECT_TRUE(built.has_value()) << (built ? "" : built.error().message);
    if (!built) return;
    expressions_ = built->grammar.expressions.size();
    auto tables = MachineTables::build(std::move(built->grammar), kLimits);
    EXPECT_TRUE(tables.has_value()) << (tables ? "" : tables.error().message);
    if (tables) tables_ = *tables;
  }
  bool operator()(std::string_view text) const {
    if (tables_ == nullptr) return false;
    GrammarMatcher matcher(tables_);
    return matcher.advance(text) && matcher.can_end();
  }
  size_t expressions() const { return expressions_; }

 private:
  std::shared_ptr<const MachineTables> tables_;
  size_t expressions_ = 0;
};

void expect_texts(const Acceptor& accepts, const std::vector<std::string_view>& good,
                  const std::vector<std::string_view>& bad) {
  for (std::string_view text : good) EXPECT_TRUE(accepts(text)) << text;
  for (std::string_view text : bad) EXPECT_FALSE(accepts(text)) << text;
}

TEST(Ebnf, RegularGrammarsBecomeOneAutomaton) {
  const Acceptor date(from_grammar("root ::= year \"-\" two # a date\n\nyear ::= [0-9]{4}\ntwo ::= [0-9] [0-9]"));
  EXPECT_EQ(date.expressions(), 1u);
  expect_texts(date, {"2026-11"}, {"2026-1", "2026-111", ""});
  expect_texts(Acceptor(from_grammar("root ::= ((\"a\")*)* [^\\x61-z\\]]? 'it''s' | \"\\u00e4\\U0001F600\\\\\"")),
               {"aaaAits", "its", "\xC3\xA4\xF0\x9F\x98\x80\\"},
               {"a",
                "b"
                "its",
                "]its"});
  expect_texts(Acceptor(from_grammar("root ::= a.b{ 1, 2 } . \na.b ::= \"x\" |")), {"xxy", "y", "\n"}, {"", "xxxyy"});
}

TEST(Ebnf, Recursion) {
  expect_texts(Acceptor(from_grammar("root ::= \"(\" root \")\" root | \"\"")), {"", "()", "(())()"},
               {"(", ")(", "(()"});
  // On the left, directly and by way of another rule; and a rule that may be empty before itself.
  expect_texts(Acceptor(from_grammar("root ::= sum\nsum ::= sum \"+\" num | num\nnum ::= [0-9]+")), {"1", "1+22+3"},
               {"", "+", "1+"});
  expect_texts(Acceptor(from_grammar("root ::= a \"x\" | \"y\"\na ::= root | b\nb ::= \"\" | root b")),
               {"y", "yx", "x", "yyx"}, {"", "z"});
  const Acceptor nested(from_grammar("root ::= value\nvalue ::= [0-9]+ | \"[\" (value (\",\" \" \"? value)*)? \"]\""));
  expect_texts(nested, {"12", "[]", "[1, [2,3],[]]"}, {"[1", "[,]", "[1 ,2]"});
}

TEST(Ebnf, ErrorsSayWhereAndWhy) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"", "no rule 'root'"},
      {"a ::= \"x\"", "no rule 'root'"},
      {"root ::= a", "line 1, column 10: the rule 'a' is not defined"},
      {"root ::= \"x\"\nroot ::= \"y\"", "line 2, column 1: the rule 'root' is defined twice"},
      {"root ::= \"x", "never closed"},
      {"root ::= (\"x\"\n", "line 1, column 10"},
      {"root ::= \"x\")", "closes nothing"},
      {"root ::= *", "nothing to repeat"},
      {"root ::= \"a\"{,3}", "{n,m}"},
      {"root ::= \"a\"{3,2}", "upper bound"},
      {"root ::= \"a\"{9999}", "1000"},
      {"root ::= [z-a]", "backwards"},
      {"root ::= \"\\q\"", "escape"},
      {"root ::= \"\\xZZ\"", "hexadecimal"},
      {"root ::= \"x\" root", "never comes to an end"},
      {"root ::= a\na ::= b\nb ::= a", "never comes to an end"},
      {"root ::= \"a\" (= \"b\")", "look-ahead"},
      {"root ::= <think>", "no token '<think>'"},
      {"root ::= !<[3]>", "not supported"},
      {"root = x", "'::='"},
      {"root ::= TagDispatch((\"<f>\", root))", "structural tag"},
      {"root ::= \"\xFF\"", "UTF-8"},
  };
  for (const auto& [grammar, words] : cases) {
    const Result<BuiltGrammar> built = from_grammar(grammar);
    ASSERT_FALSE(built.has_value()) << grammar;
    EXPECT_NE(built.error().message.find(words), std::string::npos) << grammar << ": " << built.error().message;
  }
}

TEST(Ebnf, Tokens) {
  GrammarSpec spec;
  spec.kind = GrammarSpec::Kind::kGrammar;
  spec.text = "root ::= <think> [a-z]* </think> Token(7, \"<eot>\") | <[12]>";
  const TokenLookup tokens = [](std::string_view name) -> std::optional<int32_t> {
    if (name == "<think>") return 100;
    if (name == "</think>") return 101;
    if (name == "<eot>") return 102;
    return std::nullopt;
  };
  const Result<BuiltGrammar> built = build_grammar(spec, tokens, kLimits);
  ASSERT_TRUE(built.has_value()) << built.error().message;
  std::vector<int32_t> ids;
  for (const Expression& e : built->grammar.expressions) {
    if (e.kind == Expression::Kind::kToken) ids.push_back(e.index);
  }
  EXPECT_EQ(ids, (std::vector<int32_t>{100, 101, 7, 102, 12}));
}

TEST(Ebnf, LargeAutomataAreSplit) {
  // As one automaton this has 2^40 states; as a sequence it is small.
  const Acceptor far(from_grammar("root ::= [ab]* \"a\" [ab]{40}"));
  expect_texts(far, {"ba" + std::string(40, 'b')}, {std::string(41, 'b'), "a"});
}

TEST(Ebnf, PublishedGrammars) {
  const auto folder = shared_data("structured/gbnf");
  REQUIRE_DATA(folder);
  const auto grammar_of = [&](const char* name) {
    std::ostringstream text;
    text << std::ifstream(folder / name).rdbuf();
    return from_grammar(text.str());
  };
  expect_texts(Acceptor(grammar_of("json.gbnf")), {"{}", "{\"a\": [1, true, {\"b\":\n\"\\u00e4\"}]}"},
               {"[]", "{a:1}", "{\"a\":01.}"});
  expect_texts(Acceptor(grammar_of("json_arr.gbnf")), {"[\n1,\n{}]"}, {"[1]"});
  expect_texts(Acceptor(grammar_of("arithmetic.gbnf")), {"a1 +(2*x) =7\n"}, {"a + =7\n", "1=1"});
  expect_texts(Acceptor(grammar_of("chess.gbnf")), {"1. e4 e5\n2. Nf3 Nc6\n"}, {"1. e4 e5\n", "1. e9 e5\n2. a3 a6\n"});
  expect_texts(Acceptor(grammar_of("list.gbnf")), {"- a\n- \xC3\xA4\n"}, {"- a\xC2\x85\n", "- a"});
  expect_texts(Acceptor(grammar_of("english.gbnf")), {"Hello, world"}, {" x", "\xC3\xA4"});
  expect_texts(Acceptor(grammar_of("japanese.gbnf")), {"\xE3\x81\x82 \xE4\xBD\xA0"}, {"a"});
  expect_texts(Acceptor(grammar_of("c.gbnf")), {"int f(int x){return x+1;}"}, {"int f({}"});
}

TEST(Ebnf, LlamaCppCases) {
  const auto path = shared_data("structured/llama_cpp_grammar_cases.jsonl");
  REQUIRE_DATA(path);
  std::ifstream in(path);
  size_t checked = 0;
  for (std::string line; std::getline(in, line);) {
    const JsonObject row = parse_json(line).value().as_object();
    if (row.at("kind").as_string() != "grammar") continue;
    const Acceptor accepts(from_grammar(std::string_view(row.at("source").as_string())));
    for (const Json& text : row.at("accept").as_array()) {
      EXPECT_TRUE(accepts(std::string_view(text.as_string()))) << row.at("name") << text;
      ++checked;
    }
    for (const Json& text : row.at("reject").as_array()) {
      EXPECT_FALSE(accepts(std::string_view(text.as_string()))) << row.at("name") << text;
      ++checked;
    }
  }
  EXPECT_GT(checked, 60u);
}

constexpr std::string_view kCall = R"({"type": "json_schema", "json_schema": {"type": "object",
    "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": false}})";

std::string tag(std::string_view begin, std::string_view content, std::string_view end) {
  return fmt::format(R"({{"type": "tag", "begin": "{}", "content": {}, "end": "{}"}})", begin, content, end);
}
std::string triggered(std::string_view more) {
  return fmt::format(R"({{"type": "triggered_tags", "triggers": ["<f"], "tags": [{}]{}}})", tag("<f>", kCall, "</f>"),
                     more);
}

// What XGrammar 0.2.8 says of the same texts, but for white space around JSON values.
TEST(StructuralTag, TriggeredTags) {
  expect_texts(Acceptor(from_tag(triggered(""))),
               {"", "hi", "<f>{\"a\":1}</f>", "hi<f>{\"a\":1}</f>yo", "<f>{\"a\":1}</f><f>{\"a\":2}</f>", "hi <"},
               {"hi <f", "<f>{}</f>", "<f>{\"a\":1}</g>", "<fx"});
  expect_texts(Acceptor(from_tag(triggered(R"(, "at_least_one": true)"))),
               {"<f>{\"a\":1}</f>", "<f>{\"a\":1}</f><f>{\"a\":2}</f>", "<f>{\"a\":1}</f> ok"},
               {"", "hi", "hi<f>{\"a\":1}</f>"});
  expect_texts(Acceptor(from_tag(triggered(R"(, "stop_after_first": true)"))), {"", "hi", "hi<f>{\"a\":1}</f>"},
               {"hi<f>{\"a\":1}</f>yo", "<f>{\"a\":1}</f><f>{\"a\":2}</f>"});
  expect_texts(Acceptor(from_tag(triggered(R"(, "stop_after_first": true, "at_least_one": true)"))),
               {"<f>{\"a\":1}</f>"}, {"", "hi<f>{\"a\":1}</f>", "<f>{\"a\":1}</f> "});
  expect_texts(Acceptor(from_tag(triggered(R"(, "excludes": ["yo"])"))), {"hi<f>{\"a\":1}</f>y"},
               {"yo", "<f>{\"a\":1}</f>yo"});
  expect_texts(Acceptor(from_tag(tag("<t>", triggered(""), "</t>"))), {"<t></t>", "<t>x<f>{\"a\":1}</f>z</t>"},
               {"<t>x</t>y</t>", "<t>x"});
}

TEST(StructuralTag, OlderForm) {
  const Acceptor accepts(
      build(GrammarSpec::Kind::kStructuralTag, R"({"type": "structural_tag", "triggers": ["<function="],
      "structures": [{"begin": "<function=get>", "schema": {"type": "object", "required": ["n"]}, "end": "</function>"},
                     {"begin": "<function=put>", "schema": {"type": "integer"}, "end": "</function>"}]})"));
  expect_texts(accepts, {"", "I call <function=get>{\"n\": []}</function> and <function=put>3</function>."},
               {"<function=del>3</function>", "<function=put>x</function>"});
}

TEST(StructuralTag, OtherFormats) {
  const std::string any = R"({"type": "any_text"})";
  const std::string k = R"({"type": "const_string", "value": "k"})";
  expect_texts(Acceptor(from_tag(tag("<t>", any, "</t>"))), {"<t></t>", "<t>x<</t>"}, {"<t>x</t>y</t>", "<t>"});
  expect_texts(
      Acceptor(from_tag(R"({"type": "tag", "begin": "<t>", "content": {"type": "any_text"}, "end": ["</t>", "END"]})")),
      {"<t>xEND"}, {"<t>x</t>yEND"});
  expect_texts(
      Acceptor(from_tag(tag("<t>", fmt::format(R"({{"type": "sequence", "elements": [{}, {}]}})", k, any), "</t>"))),
      {"<t>k</t>", "<t>kx</t>"}, {"<t>x</t>", "<t>kx</t>y</t>"});
  expect_texts(Acceptor(from_tag(tag("<t>", fmt::format(R"({{"type": "or", "elements": [{}, {}]}})", k, any), "</t>"))),
               {"<t>k</t>", "<t>x</t>"}, {"<t>k</t>y</t>"});
  const std::string separated =
      fmt::format(R"("tags": [{}, {}], "separator": ",")", tag("<f>", kCall, "</f>"), tag("<g>", k, "</g>"));
  expect_texts(Acceptor(from_tag(fmt::format(R"({{"type": "tags_with_separator", {}}})", separated))),
               {"", "<g>k</g>", "<f>{\"a\":1}</f>,<g>k</g>"}, {"<g>k</g>,", "<g>k</g><g>k</g>"});
  expect_texts(
      Acceptor(from_tag(fmt::format(
          R"({{"type": "tags_with_separator", "at_least_one": true, "stop_after_first": true, {}}})", separated))),
      {"<g>k</g>"}, {"", "<g>k</g>,<g>k</g>"});
  const std::string dispatch = fmt::format(R"("type": "dispatch", "rules": [["<f>", {}]])", k);
  expect_texts(Acceptor(from_tag("{" + dispatch + "}")), {"", "hi <f", "<f>kx<f>k"}, {"<f>", "<f>x"});
  expect_texts(Acceptor(from_tag("{" + dispatch + R"(, "loop": false})")), {"a<f>k"}, {"a<f>kx"});
  expect_texts(Acceptor(from_tag(R"({"type": "any_text", "max_chars": 3, "excludes": ["ab"]})")), {"", "\xC3\xA4xa"},
               {"xab", "wxyz"});
  expect_texts(Acceptor(from_tag(fmt::format(R"({{"type": "repeat", "min": 1, "max": 2, "content": {}}})", k))),
               {"k", "kk"}, {"", "kkk"});
  expect_texts(Acceptor(from_tag(fmt::format(R"({{"type": "optional", "content": {}}})", k))), {"", "k"}, {"kk"});
  expect_texts(Acceptor(from_tag(R"({"type": "regex", "pattern": "[0-9]+"})")), {"12"}, {"", "x"});
  expect_texts(Acceptor(from_tag(R"({"type": "grammar", "grammar": "root ::= \"<\" root \">\" | \"x\""})")),
               {"x", "<<x>>"}, {"<x"});
}

// A forced call, as the server asks for it: the whole answer is one tag whose end may be empty.
TEST(StructuralTag, OneForcedCall) {
  std::string deep = "true";
  for (int level = 0; level < 28; ++level) deep = R"({"type": "object", "properties": {"a": )" + deep + "}}";
  const std::string calls = fmt::format(
      R"({{"type": "tags_with_separator", "tags": [{}, {}], "separator": "", "at_least_one": true,
          "stop_after_first": true}})",
      tag(R"({\"name\": \"f\", \"arguments\": )", kCall, "}"),
      tag("<g>", R"({"type": "json_schema", "json_schema": )" + deep + "}", ""));
  expect_texts(Acceptor(from_tag(calls)), {R"({"name": "f", "arguments": {"a": 1}})", R"(<g>{"a": {"a": {}}})"},
               {"", R"({"name": "f", "arguments": {}})", R"(<g>{"a": 1})", "<g>"});
}

TEST(StructuralTag, ErrorsSayWhere) {
  const std::vector<std::pair<std::string, std::string_view>> cases = {
      {R"({"type": "nope"})", "\"nope\""},
      {R"({})", "\"type\""},
      {R"({"type": "sequence", "elements": [{"type": "regex", "pattern": "("}]})", "format.elements[0]"},
      {R"({"type": "triggered_tags", "triggers": ["<g"], "tags": [)" + tag("<f>", kCall, "") + "]}", "exactly one"},
      {tag("<t>", R"({"type": "any_text"})", ""), "not empty"},
      {R"({"type": "token", "token": "<eot>"})", "no token"},
      {R"({"type": "repeat", "min": 3, "max": 2, "content": {"type": "any_text"}})", "min"},
      {R"({"type": "json_schema", "json_schema": 3})", "JSON schema"},
      {R"({"type": "any_text", "max_tokens": 3})", "max_tokens"},
  };
  for (const auto& [format, words] : cases) {
    const Result<BuiltGrammar> built = from_tag(format);
    ASSERT_FALSE(built.has_value()) << format;
    EXPECT_NE(built.error().message.find(words), std::string::npos) << built.error().message;
  }
  EXPECT_FALSE(build(GrammarSpec::Kind::kStructuralTag, "{}").has_value());
  EXPECT_FALSE(build(GrammarSpec::Kind::kStructuralTag, "[").has_value());
}

TEST(GrammarBuilder, ChoicesAndRegexes) {
  GrammarSpec spec;
  spec.kind = GrammarSpec::Kind::kChoice;
  EXPECT_FALSE(build_grammar(spec, {}, kLimits).has_value());
  spec.choices = {"yes", "no", "no way"};
  expect_texts(Acceptor(build_grammar(spec, {}, kLimits)), {"yes", "no", "no way"}, {"", "no w", "maybe"});
  expect_texts(Acceptor(build(GrammarSpec::Kind::kRegex, "a+|b")), {"aa", "b"}, {"", "ab"});
  EXPECT_FALSE(build(GrammarSpec::Kind::kRegex, "a\\bb").has_value());
}

}  // namespace
}  // namespace weft
