#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/test_data.h"
#include "grammar/regex.h"

namespace weft {
namespace {

const GrammarLimits kLimits;

bool accepts(std::string_view format, std::string_view text) {
  return format_language(format, kLimits).value()->accepts(text);
}

TEST(Format, CalendarAndClock) {
  for (std::string_view good : {"2024-02-29", "2000-02-29", "1999-12-31", "2023-02-28"}) {
    EXPECT_TRUE(accepts("date", good)) << good;
  }
  for (std::string_view bad :
       {"2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "2024-1-1", "0000-01-01"}) {
    EXPECT_FALSE(accepts("date", bad)) << bad;
  }
  for (std::string_view good : {"2024-02-29T23:59:59Z", "2024-01-01t00:00:00.123+23:59", "1998-12-31T23:59:60Z"}) {
    EXPECT_TRUE(accepts("date-time", good)) << good;
  }
  for (std::string_view bad :
       {"2024-01-01 00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "1998-12-31T22:59:60Z"}) {
    EXPECT_FALSE(accepts("date-time", bad)) << bad;
  }
}

TEST(Format, NamesAndAddresses) {
  EXPECT_TRUE(accepts("hostname", "compute-1.eu-west.cloudfunctions.example.net"));
  EXPECT_TRUE(accepts("hostname", std::string(63, 'a') + ".com"));
  for (const std::string& bad : {std::string(64, 'a') + ".com", std::string("-a.b"), std::string("a_b"),
                                 std::string("xn--X"), std::string("a..b"), std::string("ab--c.d")}) {
    EXPECT_FALSE(accepts("hostname", bad)) << bad;
  }
  // The longest texts stay within 253 characters.
  EXPECT_LE(dfa::char_lengths(*format_language("hostname", kLimits).value()).max, 253);
  EXPECT_TRUE(accepts("ipv6", "2001:db8::192.0.2.33"));
  EXPECT_TRUE(accepts("ipv6", "::"));
  EXPECT_FALSE(accepts("ipv6", "1::2::3"));
  EXPECT_FALSE(accepts("ipv6", "1:2:3:4:5:6:7:8:9"));
  EXPECT_TRUE(accepts("uri", "https://user@example.org:8080/a%20b?q=1#top"));
  EXPECT_FALSE(accepts("uri", "https://example.org/a b"));
  EXPECT_TRUE(accepts("regex", "^(?:a|[a-z0-9_.-]{2,})+\\d?$"));
  EXPECT_FALSE(accepts("regex", "(a"));
  EXPECT_FALSE(accepts("regex", "[z-a]"));
}

TEST(Format, OthersAreAnnotations) {
  for (std::string_view name : {"int32", "ports", "unknown", "", "DATE"}) {
    const Result<DfaPtr> language = format_language(name, kLimits);
    ASSERT_TRUE(language.has_value());
    EXPECT_EQ(*language, nullptr) << name;
  }
  EXPECT_EQ(format_language("date", kLimits).value(), format_language("date", kLimits).value());  // built once
}

// The suite's texts: none that is invalid is accepted. What is valid and not accepted: names in Punycode, the
// contextual rules of international names, leap seconds away from UTC, groups with names.
TEST(Format, SuiteCases) {
  const std::map<std::string, size_t> kNotAccepted = {
      {"hostname", 15}, {"idn-hostname", 19}, {"time", 4}, {"date-time", 1}, {"regex", 2}};
  for (const char* file : {"draft2020-12", "draft7"}) {
    const auto path = shared_data(fmt::format("structured/json_schema_test_suite_{}.jsonl", file));
    REQUIRE_DATA(path);
    std::ifstream in(path);
    std::map<std::string, size_t> missed;
    size_t checked = 0;
    for (std::string line; std::getline(in, line);) {
      const Json group = parse_json(line, {.max_depth = 64}).value();
      if (std::string_view(group.at("file").as_string()).find("optional/format") == std::string_view::npos) continue;
      const JsonObject* schema = group.at("schema").if_object();
      if (schema == nullptr || !schema->contains("format")) continue;
      const std::string format(schema->at("format").as_string());
      const DfaPtr language = format_language(format, kLimits).value();
      if (language == nullptr) continue;
      for (const Json& test : group.at("tests").as_array()) {
        if (!test.at("data").is_string()) continue;
        const bool accepted = language->accepts(std::string_view(test.at("data").as_string()));
        const bool valid = test.at("valid").as_bool();
        EXPECT_FALSE(accepted && !valid) << format << ": " << write_json(test);
        missed[format] += valid && !accepted ? 1 : 0;
        ++checked;
      }
    }
    EXPECT_GT(checked, 300u);
    for (const auto& [format, count] : missed) {
      const auto known = kNotAccepted.find(format);
      EXPECT_LE(count, known == kNotAccepted.end() ? 0 : known->second) << format;
    }
  }
}

}  // namespace
}  // namespace weft
