#include "grammar/machine.h"

#include <gtest/gtest.h>

#include <set>

#include "grammar/grammar_samples.h"

namespace weft {
namespace {

GrammarMatcher matcher_of(Grammar grammar) {
  auto tables = MachineTables::build(std::move(grammar), {});
  CHECK(tables.has_value());
  return GrammarMatcher(*tables);
}

bool accepts(const Grammar& grammar, std::string_view text) {
  GrammarMatcher matcher = matcher_of(grammar);
  return matcher.advance(text) && matcher.can_end();
}
bool begins(const Grammar& grammar, std::string_view text) { return matcher_of(grammar).advance(text); }

TEST(Machine, AnyJson) {
  Grammar any = value_sample(any_value_sample());
  for (const char* text : {"null", "true", "false", "0", "-1.5e+10", "\"\"", "\"a\\n\\u00e9\\ud83d\\ude00\"", "[]",
                           "[1, 2, {\"a\": []}]", "{ \"a\" : { } , \"b\":1}", "\"\xC3\xA9\"", "[\n1\t,\r2 ]"}) {
    EXPECT_TRUE(accepts(any, text)) << text;
  }
  for (const char* text : {"",
                           " 1",
                           "nul",
                           "01",
                           "1.",
                           "\"",
                           "\"\n\"",
                           "\"\\ud83d\"",
                           "\"\\ude00\"",
                           "[1,]",
                           "{\"a\"}",
                           "{\"a\":1,}",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":1,\"\\u0061\":2}",
                           "\"\xC3\"",
                           "\"\xED\xA0\x80\"",
                           "[1 2]",
                           "1 ",
                           "{a:1}",
                           "\"\xC3\\n\""}) {
    EXPECT_FALSE(accepts(any, text)) << text;
  }
}

TEST(Machine, DepthIsBoundedWithoutDeadEnds) {
  Grammar any = value_sample(any_value_sample());
  std::string deep(256, '[');
  EXPECT_TRUE(begins(any, deep));
  EXPECT_FALSE(begins(any, deep + "["));
  EXPECT_FALSE(begins(any, deep + "{"));
  EXPECT_TRUE(accepts(any, deep + "1" + std::string(256, ']')));
}

ValueGrammar closed_object(bool others) {
  ValueGrammar values = any_value_sample();
  ObjectShape shape;
  shape.properties = {{"a", {{0, 0}}, true}, {"ab", {{0, 0}}, false}, {"caf\xC3\xA9", {{0, 0}}, false}};
  if (others) shape.classes = {{{0, 0}}};
  ValueShape value;
  value.objects.push_back(shape);
  values.values.push_back(value);
  values.root = 1;
  return values;
}

TEST(Machine, KeysOfAClosedObject) {
  Grammar grammar = value_sample(closed_object(false));
  EXPECT_TRUE(accepts(grammar, "{\"ab\":1,\"a\":2}"));
  EXPECT_TRUE(accepts(grammar, "{\"a\":2,\"caf\\u00e9\":2}"));
  EXPECT_TRUE(accepts(grammar, "{\"a\":2,\"caf\xC3\xA9\":2}"));
  EXPECT_FALSE(begins(grammar, "{}"));
  EXPECT_FALSE(begins(grammar, "{\"b"));
  EXPECT_FALSE(begins(grammar, "{\"a\":1,\"a\""));
  EXPECT_TRUE(begins(grammar, "{\"a\":1,\"ab\""));
  EXPECT_FALSE(begins(grammar, "{\"ab\":1,\"ab"));  // only "a" is left
  EXPECT_FALSE(begins(grammar, "{\"ab\":1,\"a\":1,\"a"));
  EXPECT_FALSE(begins(grammar, "{\"ab\":1,\"a\":1,\"caf\xC3\xA9\":1,"));
  EXPECT_FALSE(begins(grammar, "{\"caf\\u00e8"));
  EXPECT_FALSE(begins(grammar, "{\"caf\xC3\\"));
}

TEST(Machine, KeysOfAnOpenObject) {
  Grammar grammar = value_sample(closed_object(true));
  EXPECT_TRUE(accepts(grammar, "{\"x\":1,\"a\":2}"));
  EXPECT_FALSE(accepts(grammar, "{\"x\":1,\"a\":2,\"x\":3}"));
  EXPECT_FALSE(accepts(grammar, "{\"x\":1,\"a\":2,\"\\u0078\":3}"));
  EXPECT_TRUE(accepts(grammar, "{\"x\":1,\"a\":2,\"X\":3}"));
  EXPECT_FALSE(accepts(grammar, "{\"x\":1}"));
}

TEST(Machine, SlotsAreKeptForRequiredProperties) {
  ValueGrammar values = closed_object(true);
  values.values[1].objects[0].max_properties = 2;
  values.values[1].objects[0].dependencies = {{2, {1}}};
  Grammar grammar = value_sample(values);
  EXPECT_TRUE(accepts(grammar, "{\"x\":1,\"a\":2}"));
  EXPECT_FALSE(begins(grammar, "{\"x\":1,\"y"));
  EXPECT_FALSE(begins(grammar, "{\"x\":1,\"ab"));
  EXPECT_FALSE(begins(grammar, "{\"caf\xC3\xA9\""));  // would need "ab", and "a" is required
  EXPECT_FALSE(begins(grammar, "{\"a\":1,\"x\":1,"));
}

TEST(Machine, ContainsIsStillReachable) {
  ValueGrammar values = any_value_sample();
  ValueShape number;
  number.number = automaton({"7"});
  values.values.push_back(number);
  ArrayShape array{.rest = {{1, 1}, {0, 0}}, .min_items = 0, .max_items = 3, .conditions = {{2, std::nullopt}}};
  ValueShape value;
  value.arrays.push_back(array);
  values.values.push_back(value);
  values.root = 2;
  Grammar grammar = value_sample(values);
  EXPECT_TRUE(accepts(grammar, "[7,7]"));
  EXPECT_TRUE(accepts(grammar, "[null,7,7]"));
  EXPECT_FALSE(begins(grammar, "[]"));
  EXPECT_FALSE(begins(grammar, "[null,n"));
  EXPECT_FALSE(begins(grammar, "[7]"));
  EXPECT_FALSE(begins(grammar, "[7,7,7,"));
}

TEST(Machine, UniqueItems) {
  ValueGrammar values = any_value_sample();
  ValueShape value;
  value.arrays.push_back({.rest = {{0, 0}}, .unique = true});
  values.values.push_back(value);
  values.root = 1;
  Grammar grammar = value_sample(values);
  EXPECT_TRUE(accepts(grammar, "[1,2,\"1\",[1],[2],{\"a\":1},{\"a\":2}]"));
  EXPECT_FALSE(accepts(grammar, "[1,1]"));
  EXPECT_FALSE(accepts(grammar, "[1,2,1.0]"));
  EXPECT_FALSE(accepts(grammar, "[\"a\",\"\\u0061\"]"));
  EXPECT_FALSE(accepts(grammar, "[{\"a\":1,\"b\":[2]},{\"b\" : [ 2 ],\"a\":1}]"));
  EXPECT_TRUE(accepts(grammar, "[null,false,[null,false]]"));
}

TEST(Machine, UniqueItemsOfFewValues) {
  ValueGrammar values;
  ValueShape item, list;
  item.strings.push_back({.text = automaton({"a", "ab", "b"})});
  item.number = automaton({"1", "1.0", "12"});
  list.arrays.push_back({.rest = {{0, 0}}, .min_items = 3, .unique = true});
  values.values = {item, list};
  values.root = 1;
  Grammar grammar = value_sample(values);
  EXPECT_TRUE(accepts(grammar, "[\"a\",12,\"ab\",1,\"b\"]"));
  EXPECT_TRUE(begins(grammar, "[\"a\",\"a"));
  EXPECT_FALSE(begins(grammar, "[\"a\",\"a\""));
  EXPECT_FALSE(begins(grammar, "[\"a\",\"ab\",\"a"));
  EXPECT_TRUE(begins(grammar, "[\"a\",\"ab\",\"b"));
  EXPECT_FALSE(begins(grammar, "[1,12,1"));
  EXPECT_FALSE(begins(grammar, "[\"a\",12,\"ab\",1,\"b\","));
}

TEST(Machine, StringLengthsCountCharacters) {
  ValueGrammar values;
  ValueShape value;
  value.strings.push_back({.text = nullptr, .min_chars = 2, .max_chars = 3});
  values.values.push_back(value);
  values.root = 0;
  Grammar grammar = value_sample(values);
  EXPECT_TRUE(accepts(grammar, "\"\xC3\xA9\xC3\xA9\""));
  EXPECT_TRUE(accepts(grammar, "\"\\ud83d\\ude00ab\""));
  EXPECT_FALSE(begins(grammar, "\"a\""));
  EXPECT_FALSE(begins(grammar, "\"abcd"));
  EXPECT_FALSE(begins(grammar, "\"abc\\"));
}

TEST(Machine, EscapesFollowTheTextAutomaton) {
  ValueGrammar values;
  ValueShape value;
  value.strings.push_back({.text = automaton({"\xC3\xA9t\xC3\xA9", "a\nb", "\xF0\x9F\x98\x80"})});
  values.values.push_back(value);
  values.root = 0;
  Grammar grammar = value_sample(values);
  EXPECT_TRUE(accepts(grammar, "\"\\u00e9t\\u00E9\""));
  EXPECT_TRUE(accepts(grammar, "\"a\\nb\""));
  EXPECT_TRUE(accepts(grammar, "\"\\ud83d\\ude00\""));
  EXPECT_TRUE(accepts(grammar, "\"a\\u000ab\""));
  EXPECT_FALSE(begins(grammar, "\"\\u0061"));  // no second spelling of printable ASCII
  EXPECT_FALSE(begins(grammar, "\"a\\n\\u006"));
  EXPECT_FALSE(begins(grammar, "\"\\u01"));
  EXPECT_FALSE(begins(grammar, "\"\\ud83e"));
  EXPECT_FALSE(begins(grammar, "\"a\\t"));
}

TEST(Machine, LeftRecursion) {
  GrammarBuilderSample g;  // list ::= list "," item | item; item ::= [0-9]
  auto list = g.rule(), item = g.text({"0", "1"});
  g.define(list, g.choice({g.sequence({g.call(list), g.text({","}), item}), item}));
  Grammar grammar = g.finish(g.call(list));
  EXPECT_TRUE(accepts(grammar, "0"));
  EXPECT_TRUE(accepts(grammar, "0,1,1,0"));
  EXPECT_FALSE(accepts(grammar, "0,"));
  EXPECT_FALSE(begins(grammar, "0,,"));
}

TEST(Machine, HiddenLeftRecursionAndCyclesEnd) {
  GrammarBuilderSample g;  // a ::= b? a "x" | a | c*; b ::= "b" | ""; c ::= "" | "c"
  auto a = g.rule();
  auto b = g.choice({g.text({"b"}), g.sequence({})});
  auto c = g.choice({g.sequence({}), g.text({"c"})});
  g.define(a, g.choice({g.sequence({b, g.call(a), g.text({"x"})}), g.call(a), g.repeat(c, 0, std::nullopt)}));
  Grammar grammar = g.finish(g.call(a));
  for (const char* text : {"", "x", "bx", "ccc", "bcx", "bbbcxxxx", "cxx"}) EXPECT_TRUE(accepts(grammar, text)) << text;
  for (const char* text : {"b", "xb", "xc", "bbx"}) EXPECT_FALSE(accepts(grammar, text)) << text;
}

TEST(Machine, AmbiguityIsPolynomial) {
  GrammarBuilderSample g;  // s ::= s s | "a" s "b" | "a" s "c" | ""
  auto s = g.rule();
  g.define(s, g.choice({g.sequence({g.call(s), g.call(s)}), g.sequence({g.text({"a"}), g.call(s), g.text({"b"})}),
                        g.sequence({g.text({"a"}), g.call(s), g.text({"c"})}), g.sequence({})}));
  Grammar grammar = g.finish(g.call(s));
  std::string text;
  for (int i = 0; i < 60; ++i) text += 'a';
  for (int i = 0; i < 60; ++i) text += i % 2 == 0 ? 'b' : 'c';
  GrammarMatcher matcher = matcher_of(grammar);
  ASSERT_TRUE(matcher.advance(text + text));
  EXPECT_TRUE(matcher.can_end());
  EXPECT_FALSE(matcher.advance("b"));
  EXPECT_LT(matcher.threads().size(), 100u);
}

TEST(Machine, CountedRepeats) {
  GrammarBuilderSample g;
  Grammar grammar = g.finish(g.sequence(
      {g.repeat(g.sequence({g.repeat(g.text({"a"}), 1, 2), g.text({";"})}), 2, 3), g.repeat(g.text({"z", ""}), 5, 5)}));
  for (const char* text : {"a;a;", "aa;a;aa;zzzzz", "a;aa;z"}) EXPECT_TRUE(accepts(grammar, text)) << text;
  for (const char* text : {"a;", "aaa;a;", "a;a;a;a;", "a;a;zzzzzz"}) EXPECT_FALSE(accepts(grammar, text)) << text;
}

TEST(Machine, ValuesInsideText) {
  GrammarBuilderSample g;
  g.grammar.values = any_value_sample();
  Grammar grammar = g.finish(g.sequence({g.text({"<a>"}), g.value(0), g.text({"0</a>", "</a>"})}));
  EXPECT_TRUE(accepts(grammar, "<a>{\"x\":[1]}</a>"));
  EXPECT_TRUE(accepts(grammar, "<a>10</a>"));
  EXPECT_TRUE(accepts(grammar, "<a>\"\"0</a>"));
  EXPECT_FALSE(accepts(grammar, "<a>00</a>0"));
}

}  // namespace
}  // namespace weft
