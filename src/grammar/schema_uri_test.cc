#include "grammar/schema_uri.h"

#include <gtest/gtest.h>

#include "grammar/schema_json.h"

namespace weft::schema {
namespace {

TEST(SchemaUri, ResolvesAsRfc3986Says) {
  const char* base = "http://a/b/c/d;p?q";
  EXPECT_EQ(resolve_uri(base, "g"), "http://a/b/c/g");
  EXPECT_EQ(resolve_uri(base, "./g"), "http://a/b/c/g");
  EXPECT_EQ(resolve_uri(base, "g/"), "http://a/b/c/g/");
  EXPECT_EQ(resolve_uri(base, "/g"), "http://a/g");
  EXPECT_EQ(resolve_uri(base, "//g"), "http://g");
  EXPECT_EQ(resolve_uri(base, "?y"), "http://a/b/c/d;p?y");
  EXPECT_EQ(resolve_uri(base, "g?y"), "http://a/b/c/g?y");
  EXPECT_EQ(resolve_uri(base, ""), base);
  EXPECT_EQ(resolve_uri(base, ".."), "http://a/b/");
  EXPECT_EQ(resolve_uri(base, "../g"), "http://a/b/g");
  EXPECT_EQ(resolve_uri(base, "../../../g"), "http://a/g");
  EXPECT_EQ(resolve_uri(base, "g:h"), "g:h");
  EXPECT_EQ(resolve_uri("", "x.json"), "x.json");
  EXPECT_EQ(resolve_uri("http://a", "x"), "http://a/x");
}

TEST(SchemaUri, Pointers) {
  EXPECT_EQ(pointer_tokens("/a~1b/c~0d/~01"), (std::vector<std::string>{"a/b", "c~d", "~1"}));
  EXPECT_EQ(pointer_tokens(""), std::vector<std::string>());
  EXPECT_EQ(pointer_tokens("/"), std::vector<std::string>{""});
  EXPECT_EQ(pointer_child("/x", "a/b~"), "/x/a~1b~0");
  EXPECT_EQ(percent_decoded("a%25b%2"), "a%b%2");
}

TEST(SchemaJson, KeepsNumbersAsWritten) {
  const char* text = R"({"a":[1.10,1e5,12345678901234567890123,-0,7],"\u0001n":"\u0001n5","b":"1.5"})";
  Result<Json> json = parse_exact(text, {});
  ASSERT_TRUE(json) << json.error().message;
  const JsonArray& numbers = json->at("a").as_array();
  const char* expected[] = {"1.10", "1e5", "12345678901234567890123", "-0", "7"};
  for (size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_TRUE(is_number(numbers[i]));
    EXPECT_EQ(number_text(numbers[i]), expected[i]);
  }
  EXPECT_TRUE(is_string(json->at("\x01n")));
  EXPECT_EQ(string_text(json->at("\x01n")), "\x01n5");
  EXPECT_EQ(string_text(json->at("b")), "1.5");
  EXPECT_FALSE(parse_exact("[01.5]", {}));
  EXPECT_FALSE(parse_exact("{1.5:2}", {}));
}

}  // namespace
}  // namespace weft::schema
