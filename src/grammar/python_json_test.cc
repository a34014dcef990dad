#include "grammar/python_json.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"
#include "base/test_data.h"

namespace weft {
namespace {

// testdata/python_json.jsonl is written by tools/make_python_json_cases.py.
TEST(PythonJson, WritesWhatPythonWrites) {
  std::ifstream file(source_path("testdata/python_json.jsonl"));
  ASSERT_TRUE(file);
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    auto pair = parse_json(line);
    ASSERT_TRUE(pair) << pair.error().message;
    std::string_view text = pair->get_array()[0].get_string(), expected = pair->get_array()[1].get_string();
    auto written = python_json(text);
    ASSERT_TRUE(written) << text << ": " << written.error().message;
    EXPECT_EQ(*written, expected) << text;
  }
  EXPECT_EQ(cases, 400);
}

TEST(PythonJson, NumbersStayAsGiven) {
  for (std::string_view number : {"1.0", "1.50", "1e5", "1E+05", "-0", "-0.0", "100000000000000000000000", "1e999",
                                  "0.10000000000000000000001"}) {
    auto written = python_json(number);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(*written, number);
  }
  EXPECT_EQ(*python_json("[1.00,{\"a\":2e0}]"), "[1.00, {\"a\": 2e0}]");
}

TEST(PythonJson, RefusesWhatIsNotJson) {
  for (std::string_view text :
       {"",     " ",         "tru", "truee",   "01",          "1.",         ".5",       "1e",
        "-",    "+1",        "\"",  "\"\\x\"", "\"\\u12g4\"", "\"\n\"",     "[",        "[1",
        "[1,]", "[,]",       "{",   "{\"a\"}", "{\"a\":}",    "{\"a\":1,}", "{a:1}",    "{1:1}",
        "[1}",  "{\"a\":1]", "1 2", "[1]]",    "'a'",         "NaN",        "\"\x80\"", "\"\xed\xa0\x80\""}) {
    auto written = python_json(text);
    ASSERT_FALSE(written) << text << " became " << *written;
    EXPECT_EQ(written.error().code, ErrorCode::kInvalidJson);
  }
  EXPECT_EQ(python_json("[1, x]").error().message, "Not JSON: a value is expected at byte 4.");
}

TEST(PythonJson, NestingCostsNoStack) {
  std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  auto written = python_json(deep);
  ASSERT_TRUE(written);
  EXPECT_EQ(*written, deep);
}

TEST(PythonJson, CutsContainersIntoTheTextsOfTheirValues) {
  auto members = json_members(" {\"a\" : 1.0 , \"\\u00e9\\n\":[ 1,2 ], \"\":{\"x\":\"}\"}} ");
  ASSERT_TRUE(members) << members.error().message;
  ASSERT_EQ(members->size(), 3u);
  EXPECT_EQ((*members)[0].key, "a");
  EXPECT_EQ((*members)[0].value, "1.0");
  EXPECT_EQ((*members)[1].key, "\xC3\xA9\n");
  EXPECT_EQ((*members)[1].value, "[ 1,2 ]");
  EXPECT_EQ((*members)[2].key, "");
  EXPECT_EQ((*members)[2].value, "{\"x\":\"}\"}");
  auto elements = json_elements("[true, \"a]\" ,[ ]]");
  ASSERT_TRUE(elements) << elements.error().message;
  EXPECT_EQ(*elements, (std::vector<std::string_view>{"true", "\"a]\"", "[ ]"}));
  EXPECT_TRUE(json_members("{}")->empty());
  EXPECT_TRUE(json_elements("[ ]")->empty());
  for (std::string_view text : {"", "1", "[", "[1,", "[1,]", "{}", "[1] 2"}) EXPECT_FALSE(json_elements(text)) << text;
  for (std::string_view text : {"", "1", "{", "{\"a\":1,", "{\"a\":1,}", "[]", "{\"a\" 1}"}) {
    EXPECT_FALSE(json_members(text)) << text;
  }
}

}  // namespace
}  // namespace weft
