#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "grammar/value_reference.h"

namespace weft {
namespace {

void check(const std::string& schema, const std::vector<std::string>& accepted,
           const std::vector<std::string>& refused) {
  Result<SchemaGrammar> compiled = compile_json_schema(schema, {}, {});
  ASSERT_TRUE(compiled) << schema << "\n" << compiled.error().message;
  for (const auto& unenforced : compiled->unenforced) {
    ADD_FAILURE() << schema << ": " << unenforced.path << " " << unenforced.keyword << ": " << unenforced.reason;
  }
  for (const auto& [texts, expected] : {std::pair(&accepted, true), std::pair(&refused, false)}) {
    for (const std::string& text : *texts) {
      Result<bool> got = reference_accepts(compiled->grammar, text);
      ASSERT_TRUE(got) << got.error().message;
      EXPECT_EQ(*got, expected) << schema << "\n" << text;
    }
  }
}

TEST(JsonSchema, Types) {
  check(R"({"type":"integer"})", {"1", "-7", "1.0", "0"}, {"1.5", "\"1\"", "null"});
  check(R"({"type":["null","boolean"]})", {"null", "true", "false"}, {"0", "\"\"", "[]"});
  check("true", {"1", "{\"a\":[null]}"}, {});
  check(R"({"not":{"type":["integer","string"]}})", {"1.5", "null", "[]"}, {"1", "\"\""});
}

TEST(JsonSchema, EnumAndConst) {
  check(R"({"enum":["a",1,null,{"x":[1,"y"]},[]]})", {"\"a\"", "1", "1.0", "null", "{\"x\":[1,\"y\"]}", "[]"},
        {"\"b\"", "2", "true", "{\"x\":[1]}", "{\"x\":[1,\"y\"],\"z\":0}", "[1]", "{}"});
  check(R"({"not":{"const":{"a":1}}})", {"{}", "{\"a\":2}", "{\"a\":1,\"b\":1}", "1"}, {"{\"a\":1}", "{\"a\":1.0}"});
}

TEST(JsonSchema, Strings) {
  check(R"({"type":"string","minLength":2,"maxLength":3})", {"\"ab\"", "\"äöü\""}, {"\"a\"", "\"abcd\"", "1"});
  check(R"({"type":"string","pattern":"^a+$","maxLength":3})", {"\"a\"", "\"aaa\""}, {"\"\"", "\"aaaa\"", "\"b\""});
  check(R"({"not":{"pattern":"^a*$"}})", {"\"b\""}, {"\"aa\"", "1", "\"\""});
}

TEST(JsonSchema, Numbers) {
  check(R"({"minimum":1,"exclusiveMaximum":3})", {"1", "2.99", "\"x\""}, {"3", "0.5"});
  check(R"({"minimum":1,"exclusiveMinimum":true,"type":"number"})", {"1.01"}, {"1", "0"});
  check(R"({"type":"integer","multipleOf":3,"maximum":7})", {"-3", "0", "6"}, {"9", "4"});
  check(R"({"enum":[1,2,3,4,5],"minimum":3,"not":{"const":4}})", {"3", "5"}, {"1", "4"});
}

TEST(JsonSchema, Objects) {
  const char* schema = R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},
    "required":["a"],"additionalProperties":false})";
  check(schema, {R"({"a":"x"})", R"({"b":1,"a":"x"})"}, {"{}", R"({"a":1})", R"({"a":"x","c":1})"});
  check(R"({"patternProperties":{"^x":{"type":"integer"},"y$":{"minimum":3}},"additionalProperties":{"type":"null"}})",
        {R"({"x":1,"xy":4,"z":null,"y":"s"})"}, {R"({"x":"a"})", R"({"xy":2})", R"({"z":1})"});
  check(R"({"propertyNames":{"maxLength":2},"minProperties":1})", {R"({"ab":1})", "[]"}, {"{}", R"({"abc":1})"});
  check(R"({"dependentRequired":{"a":["b"]}})", {R"({"a":1,"b":1})", R"({"b":1})", "{}"}, {R"({"a":1})"});
}

TEST(JsonSchema, Arrays) {
  check(R"({"prefixItems":[{"type":"string"},{"type":"integer"}],"items":false})", {"[]", "[\"a\"]", "[\"a\",1]"},
        {"[1]", "[\"a\",1,2]"});
  check(R"({"items":{"type":"integer"},"minItems":1,"maxItems":2,"uniqueItems":true})", {"[1]", "[1,2]", "{}"},
        {"[]", "[1,1]", "[1,2,3]", "[1,1.0]"});
  check(R"({"contains":{"const":1},"minContains":2,"maxContains":3})", {"[1,1]", "[1,2,1,1]"}, {"[1]", "[1,1,1,1]"});
}

TEST(JsonSchema, Combinators) {
  check(R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", {"1", "2.5", "\"a\""}, {"3", "1.5"});
  check(R"({"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"a":{"const":2}}}]})",
        {R"({"a":1})", R"({"a":2})", "{}"}, {R"({"a":3})"});
  check(R"({"not":{"properties":{"a":{"type":"string"},"b":{"type":"string"}}}})", {R"({"a":1})", R"({"a":"x","b":1})"},
        {"{}", R"({"a":"x"})", "1"});
  check(
      R"({"if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"required":["x"]},"else":{"required":["y"]}})",
      {R"({"k":1,"x":0})", R"({"k":2,"y":0})"}, {R"({"k":1,"y":0})", "{}"});
}

TEST(JsonSchema, Recursion) {
  check(R"({"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false})",
        {"{}", R"({"next":{"next":{}}})"}, {R"({"next":{"x":1}})"});
  EXPECT_FALSE(compile_json_schema(R"({"type":"object","properties":{"n":{"$ref":"#"}},"required":["n"]})", {}, {}));
  EXPECT_FALSE(compile_json_schema(R"({"$ref":"#"})", {}, {}));
}

TEST(JsonSchema, SaysWhatItDoesNotEnforce) {
  const char* schema = R"({"properties":{"a/b":{"pattern":"(.)\\1"},"c":{"type":"integer"}},
    "not":{"properties":{"d":{"uniqueItems":true}},"required":["d"]}})";
  Result<SchemaGrammar> compiled = compile_json_schema(schema, {}, {});
  ASSERT_TRUE(compiled) << compiled.error().message;
  ASSERT_EQ(compiled->unenforced.size(), 2u);
  EXPECT_EQ(compiled->unenforced[0].path, "/properties/a~1b");
  EXPECT_EQ(compiled->unenforced[0].keyword, "pattern");
  EXPECT_EQ(compiled->unenforced[1].path, "/not/properties/d");
  EXPECT_EQ(compiled->unenforced[1].keyword, "uniqueItems");
  // Weaker, never stronger.
  EXPECT_TRUE(*reference_accepts(compiled->grammar, R"({"a/b":"xx","c":1,"d":[1,1]})"));
  EXPECT_TRUE(*reference_accepts(compiled->grammar, R"({"a/b":"xy"})"));
  EXPECT_FALSE(*reference_accepts(compiled->grammar, R"({"c":"1"})"));
}

TEST(JsonSchema, RemoteReferences) {
  Result<SchemaGrammar> compiled = compile_json_schema(R"({"items":{"$ref":"http://x.org/y.json#/z"}})", {}, {});
  ASSERT_TRUE(compiled) << compiled.error().message;
  ASSERT_EQ(compiled->unenforced.size(), 1u);
  EXPECT_EQ(compiled->unenforced[0].path, "/items");
  EXPECT_EQ(compiled->unenforced[0].keyword, "$ref");
}

TEST(JsonSchema, MalformedSchemasNameTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"properties":{"a":{"type":"float"}}})", "/properties/a"},
      {R"({"items":{"minLength":-1}})", "/items"},
      {R"({"anyOf":[{"$ref":"#/nowhere"}]})", "/anyOf/0"},
      {R"({"properties":{"a":3}})", "/properties/a"},
      {R"({"allOf":[]})", ""},
      {R"({"multipleOf":0})", ""},
  };
  for (const auto& [schema, path] : cases) {
    Result<SchemaGrammar> compiled = compile_json_schema(schema, {}, {});
    ASSERT_FALSE(compiled) << schema;
    EXPECT_EQ(compiled.error().code, ErrorCode::kInvalidValue) << schema;
    EXPECT_EQ(compiled.error().param, path) << schema;
  }
}

TEST(JsonSchema, NoAdditionalProperties) {
  SchemaOptions options;
  options.no_additional_properties = true;
  const char* schema = R"({"properties":{"a":{"properties":{"b":true},"additionalProperties":true},"c":{}}})";
  Result<SchemaGrammar> compiled = compile_json_schema(schema, options, {});
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_TRUE(*reference_accepts(compiled->grammar, R"({"a":{"b":1,"x":2},"c":{"y":1}})"));
  EXPECT_FALSE(*reference_accepts(compiled->grammar, R"({"d":1})"));
}

TEST(JsonSchema, Drafts) {
  check(R"({"$schema":"http://json-schema.org/draft-04/schema#","type":"integer"})", {"1", "-10"}, {"1.0", "1.5"});
  check(
      R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"$ref":"#/definitions/x","maxLength":1}},
    "definitions":{"x":{"type":"string"}}})",
      {R"({"a":"long"})"}, {R"({"a":1})"});
  check(
      R"({"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"a":{"$ref":"#/$defs/x","maxLength":1}},
    "$defs":{"x":{"type":"string"}}})",
      {R"({"a":"l"})"}, {R"({"a":"long"})", R"({"a":1})"});
  check(R"({"items":[{"type":"integer"}],"additionalItems":{"type":"null"}})", {"[1,null]", "[]"}, {"[null]", "[1,1]"});
}

TEST(JsonSchema, AnyValueAndAnyObject) {
  EXPECT_TRUE(*reference_accepts(any_value_grammar(), R"([{"a":[1e5,"x",null]},true])"));
  EXPECT_TRUE(*reference_accepts(any_object_grammar(), R"({"a":[1e5,"x",null]})"));
  EXPECT_FALSE(*reference_accepts(any_object_grammar(), "[]"));
}

}  // namespace
}  // namespace weft
