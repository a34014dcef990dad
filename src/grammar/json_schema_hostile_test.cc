// Schemas made to hurt: each ends with a typed error or a grammar, after bounded work.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "grammar/json_schema.h"

namespace weft {
namespace {

std::string repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string list(size_t count, const std::function<std::string(size_t)>& each) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + each(i);
  return out;
}

std::string number(size_t i) { return std::to_string(i); }

std::string object(const std::string& body) { return "{" + body + "}"; }

using Family = std::function<std::string(size_t)>;

// Families of schemas by size: what is nested, and what multiplies.
std::vector<Family> nested_families() {
  auto nest = [](const std::string& open, const std::string& close) {
    return [=](size_t n) { return repeated(open, n) + "{\"type\":\"null\"}" + repeated(close, n); };
  };
  return {
      nest(R"({"not":)", "}"),
      nest(R"({"items":)", "}"),
      nest(R"({"properties":{"a":)", "},\"required\":[\"a\"]}"),
      nest(R"({"anyOf":[{"type":"string"},)", "]}"),
      nest(R"({"oneOf":[{"required":["x"]},)", "]}"),
      nest(R"({"if":{"required":["y"]},"then":)", "}"),
      [](size_t n) { return "{\"enum\":[" + list(n * 40, [](size_t i) { return "\"v" + number(i) + "\""; }) + "]}"; },
      [](size_t n) {
        return "{\"enum\":[" + list(n * 10, [](size_t i) { return "[{\"a\":" + number(i) + "}]"; }) + "]}";
      },
      [](size_t n) {
        return "{\"not\":{\"enum\":[" + list(n * 4, [](size_t i) { return "{\"a\":" + number(i) + "}"; }) + "]}}";
      },
      [=](size_t n) {  // 2^n alternatives
        return object("\"allOf\":[" +
                      list(n,
                           [](size_t i) {
                             return "{\"anyOf\":[{\"required\":[\"a" + number(i) + "\"]},{\"required\":[\"b" +
                                    number(i) + "\"]}]}";
                           }) +
                      "]");
      },
      [=](size_t n) {
        return object("\"oneOf\":[" +
                      list(n,
                           [](size_t i) {
                             return R"({"properties":{"p)" + number(i) + R"(":{"type":"string"}},"minProperties":)" +
                                    number(i) + "}";
                           }) +
                      "]");
      },
      [=](size_t n) {
        return object("\"allOf\":[" +
                      list(n,
                           [](size_t i) {
                             return "{\"not\":{\"properties\":{\"a\":{\"const\":" + number(i) +
                                    "},\"b\":{\"type\":\"string\"}}}}";
                           }) +
                      "]");
      },
      [=](size_t n) {
        return object("\"dependentSchemas\":{" +
                      list(n,
                           [](size_t i) {
                             return "\"k" + number(i) + R"(":{"properties":{"z":{"minimum":)" + number(i) + "}}}";
                           }) +
                      "}");
      },
  };
}

// What refers to itself, and what is big.
std::vector<Family> large_families() {
  return {
      [=](size_t n) {
        return object("\"properties\":{" +
                      list(n * 150, [](size_t i) { return "\"p" + number(i) + "\":{\"$ref\":\"#\"}"; }) + "}");
      },
      [=](size_t n) {
        return object("\"patternProperties\":{" +
                      list(n,
                           [](size_t i) {
                             return "\"" + number(i) + ".{" + number(i) + "}x\":{\"minimum\":" + number(i) + "}";
                           }) +
                      "}");
      },
      [=](size_t n) {  // a chain of references, all of them needed
        return object("\"$ref\":\"#/$defs/d0\",\"$defs\":{" +
                      list(n * 50,
                           [](size_t i) {
                             return "\"d" + number(i) + R"(":{"properties":{"n":{"$ref":"#/$defs/d)" + number(i + 1) +
                                    "\"}},\"required\":[\"n\"]}";
                           }) +
                      ",\"d" + number(n * 50) + "\":true}");
      },
      [=](size_t n) {
        return object("\"$ref\":\"#/$defs/d0\",\"$defs\":{" +
                      list(n * 50,
                           [&](size_t i) {
                             return "\"d" + number(i) + "\":{\"$ref\":\"#/$defs/d" + number((i + 1) % (n * 50)) + "\"}";
                           }) +
                      "}");
      },
      [=](size_t n) {  // subsets of conjunctions
        return object("\"$ref\":\"#/$defs/d0\",\"$defs\":{" +
                      list(n,
                           [&](size_t i) {
                             return "\"d" + number(i) + "\":{\"properties\":{\"a\":{\"allOf\":[{\"$ref\":\"#/$defs/d" +
                                    number((i + 1) % n) + "\"},{\"$ref\":\"#/$defs/d" + number((i * 7 + 3) % n) +
                                    "\"}]},\"x" + number(i) + "\":{\"type\":\"null\"}}}";
                           }) +
                      "}");
      },
      [](size_t n) { return R"({"pattern":"^(a{1,)" + number(n * 30) + "}){1," + number(n * 30) + "}$\"}"; },
      [](size_t n) {
        return R"({"pattern":"(a|b)*a(a|b){)" + number(n) + "}\",\"not\":{\"pattern\":\"b(a|b){" + number(n) + "}a\"}}";
      },
      [](size_t n) {
        return R"({"minItems":1000000000,"maxItems":1000000000,"uniqueItems":true,"contains":{"const":)" + number(n) +
               "}}";
      },
      [](size_t n) {
        return R"({"contains":{"const":1},"minContains":)" + number(n * 1000000) + R"(,"maxContains":)" +
               number(n * 1000001) + ",\"minItems\":1e12}";
      },
      [](size_t n) { return "{\"multipleOf\":1e-" + number(n * 10) + "}"; },
      [](size_t n) { return "{\"multipleOf\":" + repeated("9", n) + "}"; },
      [](size_t n) {
        return "{\"minimum\":-1" + repeated("0", n * 20) + ",\"maximum\":1" + repeated("0", n * 20) + ".5}";
      },
      [](size_t n) { return "{\"minLength\":" + number(n * 100000) + ",\"pattern\":\"^(ab)*$\"}"; },
      [](size_t n) { return "{\"propertyNames\":{\"minLength\":" + number(n * 1000) + "},\"minProperties\":3}"; },
      [](size_t n) { return "{\"type\":" + repeated("[", n) + repeated("]", n) + "}"; },
      [](size_t n) { return R"({"$ref":"#)" + repeated("/properties/a", n) + "\"}"; },
      [=](size_t n) {
        return object("\"prefixItems\":[" + list(n * 20, [](size_t i) { return "{\"minimum\":" + number(i) + "}"; }) +
                      "],\"not\":{\"items\":{\"type\":\"string\"}},\"contains\":{\"const\":3}");
      },
  };
}

TEST(JsonSchemaHostile, EveryFamilyAtEverySize) {
  GrammarLimits limits;
  limits.steps = 3'000'000;  // smaller than they are by default, so that the thousand of them stay quick
  limits.max_states = 2'000;
  size_t schemas = 0, compiled = 0;
  std::vector<Family> families = nested_families();
  for (Family& family : large_families()) families.push_back(std::move(family));
  for (const Family& family : families) {
    for (size_t size = 1; size <= 34; ++size) {
      std::string schema = family(size);
      ++schemas;
      Result<SchemaGrammar> result = compile_json_schema(schema, {}, limits);
      if (result) {
        ++compiled;
        EXPECT_LE(result->grammar.values.size(), limits.values);
        continue;
      }
      ErrorCode code = result.error().code;
      EXPECT_TRUE(code == ErrorCode::kInvalidValue || code == ErrorCode::kInvalidJson ||
                  code == ErrorCode::kGrammarTooComplex)
          << schema.substr(0, 200) << "\n"
          << result.error().message;
      EXPECT_FALSE(result.error().message.empty());
    }
  }
  EXPECT_GE(schemas, 1'000u);
  EXPECT_GT(compiled, 300u);
}

// Any change of a good schema's bytes is an error or another schema.
TEST(JsonSchemaHostile, DamagedSchemas) {
  const std::string good = R"({"$defs":{"n":{"type":["integer","null"],"minimum":-5}},"type":"object",
    "properties":{"a":{"$ref":"#/$defs/n"},"b":{"oneOf":[{"enum":["x",1,[2]]},{"pattern":"^a[bc]+$"}]}},
    "required":["a"],"patternProperties":{"^x":{"items":{"$ref":"#"}}},"additionalProperties":{"not":{"const":3}},
    "if":{"minProperties":2},"then":{"dependentRequired":{"a":["b"]}}})";
  Rng rng(7);
  for (int i = 0; i < 1'500; ++i) {
    std::string schema = good;
    for (int changes = 0; changes < 1 + i % 3; ++changes) {
      size_t at = rng.next() % schema.size();
      switch (rng.next() % 3) {
        case 0:
          schema[at] = static_cast<char>(rng.next() % 128);
          break;
        case 1:
          schema.erase(at, 1 + rng.next() % 8);
          break;
        default:
          schema.insert(at, schema.substr(rng.next() % schema.size(), 6));
      }
    }
    Result<SchemaGrammar> result = compile_json_schema(schema, {}, {});
    EXPECT_TRUE(result || !result.error().message.empty());
  }
}

}  // namespace
}  // namespace weft
