#include "grammar/regex.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/test_data.h"

namespace weft {
namespace {

const GrammarLimits kLimits;

std::string_view text_of(const Json& value) { return value.as_string(); }

std::vector<JsonObject> json_lines(const std::filesystem::path& path) {
  std::vector<JsonObject> rows;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) rows.push_back(parse_json(line).value().as_object());
  return rows;
}

struct Case {
  std::string_view pattern;
  std::vector<std::string_view> accepted, rejected;
};

void check(const std::vector<Case>& cases, RegexMatch match) {
  for (const Case& c : cases) {
    const Result<Dfa> dfa = compile_regex(c.pattern, match, kLimits);
    ASSERT_TRUE(dfa.has_value()) << c.pattern << ": " << dfa.error().message;
    for (std::string_view text : c.accepted) EXPECT_TRUE(dfa->accepts(text)) << c.pattern << " on " << text;
    for (std::string_view text : c.rejected) EXPECT_FALSE(dfa->accepts(text)) << c.pattern << " on " << text;
  }
}

TEST(Regex, WholeTexts) {
  check(
      {
          {"", {""}, {"a"}},
          {"a|b*", {"", "a", "bbb"}, {"ab", "aa"}},
          {"(a|[bc]{4,}){2,3}", {"aaa", "abcbc", "bcbcbcbcbc"}, {"d", "aaaa", "bc"}},
          {"a{0}b{2}c{1,}?", {"bbc", "bbcc"}, {"abbc", "bc"}},
          {"[^abc]+", {"def", "\xC3\xA4"}, {"", "xa", "\xC3"}},
          {"[\\d-x]", {"5", "-", "x"}, {"e"}},
          {"[a-z0-9-_.]", {"-", "_", "k"}, {"^"}},
          {"[^]", {"\n", "\xF0\x9F\x98\x80"}, {""}},
          {"a[]b", {}, {"ab", "a]b"}},
          {".", {"a", "\xE2\x82\xAC"}, {"\n", "\r", "\xE2\x80\xA8", "ab"}},
          {"(?s).", {"\n"}, {}},
          {"\\{a\\/\\-\\_\"}", {"{a/-_\"}"}, {}},
          {"^{x}{,y]}$", {"{x}{,y]}"}, {"x"}},
          {"\\x41\\u0042\\u{1F600}\\ud83d\\ude00\\cI\\0", {{"AB\xF0\x9F\x98\x80\xF0\x9F\x98\x80\t\0", 12}}, {}},
          {"(?<year>\\d{4})-(?:\\d\\d)", {"2026-11"}, {"26-11"}},
          {"(?i)stra\xC3\x9F"
           "e|(?-i:k)",
           {"STRA\xE1\xBA\x9E"
            "E",
            "stra\xC3\x9F"
            "e",
            "k"},
           {"K"}},
          {"(?i:a)b", {"Ab", "ab"}, {"AB"}},
          {"\\p{L}+\\p{Nd}", {"\xE0\xA6\x95\xE0\xA7\xAA", "a1"}, {"1", "\xE0\xA7\xAA"}},
          {"\\p{Script=Greek}\\P{Script=Greek}",
           {"\xCE\xB1"
            "a"},
           {"a\xCE\xB1"}},
          {"[\\p{Lu}\\p{sc=Han}]+", {"A\xE4\xBD\xA0"}, {"a"}},
          {"\\s\\S", {"\xC2\xA0x", "\xEF\xBB\xBFx"}, {"xx"}},
          {"[\\b]", {"\b"}, {"b"}},
          {"(a*)*", {"", "aaa"}, {"b"}},
          {"(|a)+b", {"b", "aab"}, {"a"}},
      },
      RegexMatch::kWhole);
}

TEST(Regex, SearchAndAnchors) {
  check(
      {
          {"", {"", "anything"}, {}},
          {"ell", {"hello", "ell"}, {"helo", ""}},
          {"^a|b$", {"ax", "xb", "a"}, {"xa", "bx"}},
          {"(^|,)x($|,)", {"x", "a,x,b", "a,x"}, {"ax", "xa"}},
          {"^$", {""}, {"a"}},
          {"$^", {""}, {"a"}},
          {"a^b", {}, {"ab", "a\nb"}},
          {"^[a-z]*$", {"", "abc"}, {"aBc", "abc\n"}},
          {"(^a){2}", {}, {"aa", "a"}},
          {"^(?!@@)[@a-z]+$", {"@a", "a@@"}, {"@@a", "@@"}},
          {"^(?=.*\\d)(?=.*[a-z]).{3,5}$", {"a1b", "2345a"}, {"abc", "123", "a1", "abc123"}},
          {"^(?!.*\\b(drop|delete)\\b).*$", {"dropped it", "select"}, {"please drop it", "delete"}},
          {"\\bcat\\b", {"a cat.", "cat"}, {"concat", "cats"}},
          {"\\Bcat", {"concat"}, {"cat", "a cat"}},
          {"^(?:(?!ab).)*$", {"", "ba", "acb"}, {"ab", "cabc"}},
          {"(?<=\\$)\\d+$", {"$12", "US$1"}, {"12", "$x1"}},
          {"(?<!un)done$", {"done", "well done"}, {"undone"}},
          {"^(?=(?!b)[a-c])c?[a-z]", {"a", "cz"}, {"bz", "dz"}},
          {"q(?!u)", {"Iraq", "qatar"}, {"queen"}},
          {"\\d(?=%)", {"5%"}, {"5", "5 %"}},
      },
      RegexMatch::kSearch);
}

TEST(Regex, ErrorsSayWhereAndWhy) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"a{,3}", "offset 1"},
      {"a{3,2}", "upper bound"},
      {"[z-a]", "backwards"},
      {"a++", "possessive"},
      {"a**", "nothing to repeat"},
      {"*a", "nothing to repeat"},
      {"(a", "offset 0"},
      {"a)", "offset 1"},
      {"[a", "never closed"},
      {"(a)\\1", "back-reference"},
      {"\\k<x>", "back-reference"},
      {"(?>a)", "atomic"},
      {"\\", "backslash"},
      {"\\a", "escape \\a"},
      {"\\p{Nope}", "property"},
      {"\\u{110000}", "code point"},
      {"a{1001}", "1000 times"},
      {"(?m)^a", "not supported"},
      {"\\x4", "hexadecimal"},
      {"(?<1a>b)", "name"},
      {"\xFF", "UTF-8"},
      {"(?(1)a|b)", "not supported"},
      {"((a{1000}){1000}){1000}", "too large"},
      {"\\012", "octal"},
      {"(?<=\\b)a", "look-behind"},
  };
  for (const auto& [pattern, words] : cases) {
    const Result<Dfa> dfa = compile_regex(pattern, RegexMatch::kSearch, kLimits);
    ASSERT_FALSE(dfa.has_value()) << pattern;
    EXPECT_NE(dfa.error().message.find(words), std::string::npos) << pattern << ": " << dfa.error().message;
  }
}

TEST(Regex, EqualLanguagesGiveEqualAutomata) {
  const auto whole = [](std::string_view p) { return compile_regex(p, RegexMatch::kWhole, kLimits).value(); };
  EXPECT_TRUE(dfa::equal(whole("(a|b)*"), whole("(a*b*)*")));
  EXPECT_TRUE(dfa::equal(whole("a|b|c|\xC3\xA4"), whole("[a-c\xC3\xA4]")));
  EXPECT_TRUE(dfa::equal(whole("[^]*"), dfa::any_text()));
  EXPECT_TRUE(dfa::equal(whole("[^]{2,3}"), dfa::text_length(2, 3, kLimits).value()));
  EXPECT_TRUE(dfa::equal(whole("\\p{L}|\\P{L}"), whole("[^]")));
  EXPECT_TRUE(dfa::equal(compile_regex("", RegexMatch::kSearch, kLimits).value(), dfa::any_text()));
  EXPECT_TRUE(dfa::equal(whole("(?=a)b"), dfa::nothing()));
}

TEST(Regex, RustCases) {
  const auto rows = json_lines(source_path("testdata/grammar/rust_regex.jsonl"));
  ASSERT_GT(rows.size(), 200u);
  for (const JsonObject& row : rows) {
    const Result<Dfa> dfa = compile_regex(text_of(row.at("regex")), RegexMatch::kSearch, kLimits);
    ASSERT_TRUE(dfa.has_value()) << write_json(row) << dfa.error().message;
    EXPECT_EQ(dfa->accepts(text_of(row.at("haystack"))), row.at("found").as_bool()) << write_json(row);
  }
}

TEST(Regex, XgrammarCases) {
  const auto path = shared_data("structured/xgrammar/test_grammar_matcher_regex.jsonl");
  REQUIRE_DATA(path);
  size_t checked = 0;
  for (const JsonObject& row : json_lines(path)) {
    const std::string_view test = text_of(row.at("test"));
    for (const Json& values : row.at("rows").as_array()) {
      if (test == "test_repetition") {
        const auto dfa = compile_regex(text_of(row.at("locals").at("regex_str")), RegexMatch::kWhole, kLimits);
        EXPECT_EQ(dfa.value().accepts(text_of(values.at(0))), values.at(1).as_bool());
      } else if (test == "test_regex_accept") {
        EXPECT_TRUE(compile_regex(text_of(values), RegexMatch::kWhole, kLimits).has_value()) << text_of(values);
      } else if (test == "test_regex_refuse") {
        // Assertions, which XGrammar refuses, are enforced here.
        const bool has_assertion = text_of(values).starts_with("(?");
        EXPECT_EQ(compile_regex(text_of(values), RegexMatch::kWhole, kLimits).has_value(), has_assertion);
      } else if (test == "test_advanced") {
        const auto dfa = compile_regex(text_of(values.at(0)), RegexMatch::kWhole, kLimits);
        EXPECT_EQ(dfa.value().accepts(text_of(values.at(1))), values.at(2).as_bool()) << write_json(values);
      } else {
        continue;
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 40u);
}

}  // namespace
}  // namespace weft
