// JSON-Schema-Test-Suite and the MaskBench sample, judged by the reference (value_reference.h).
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "base/test_data.h"
#include "grammar/json_schema.h"
#include "grammar/schema_cases.h"
#include "grammar/value_reference.h"

namespace weft {
namespace {

struct Tally {
  int schemas = 0, refused = 0, unenforced = 0, valid = 0, valid_refused = 0, invalid = 0, invalid_accepted = 0;
};

// `report` is called for each instance that is judged otherwise than the file says.
template <class Report>
Tally judge(const std::vector<SchemaCase>& cases, const Report& report) {
  Tally tally;
  for (const SchemaCase& each : cases) {
    ++tally.schemas;
    Result<SchemaGrammar> compiled = compile_json_schema(each.schema, {}, {});
    if (!compiled) {
      ++tally.refused;
      // Only for what says so: a schema of the data is never malformed.
      EXPECT_TRUE(compiled.error().message.find("Nothing satisfies") == 0 ||
                  compiled.error().code == ErrorCode::kGrammarTooComplex ||
                  compiled.error().message.find("states") != std::string::npos)
          << each.name << ": " << compiled.error().message;
      continue;
    }
    if (!compiled->unenforced.empty()) ++tally.unenforced;
    for (const SchemaCase::Instance& instance : each.instances) {
      Result<bool> accepted = reference_accepts(compiled->grammar, instance.text);
      if (!accepted) {
        ADD_FAILURE() << each.name << ": " << accepted.error().message;
        continue;
      }
      // What is not enforced may be accepted, but never the other way round.
      if (!compiled->unenforced.empty() && !instance.valid) continue;
      ++(instance.valid ? tally.valid : tally.invalid);
      if (*accepted == instance.valid) continue;
      ++(instance.valid ? tally.valid_refused : tally.invalid_accepted);
      report(each, instance);
    }
  }
  return tally;
}

// Groups of the suite whose verdicts are not Weft's, and why.
struct Exception {
  const char* group;  // a file, or a file and a description
  bool may_accept;    // instances that the suite calls invalid
  const char* why;
};
constexpr Exception kExceptions[] = {
    {"format.json", false, "formats are enforced here, annotations there"},
    {"optional/content.json", true, "contentMediaType and contentEncoding are annotations since draft 2019-09"},
    {"optional/float-overflow.json", false, "numbers under multipleOf are written without exponent"},
    {"optional/format/date-time.json", false, "leap seconds are written in UTC only"},
    {"optional/format/time.json", false, "leap seconds are written in UTC only"},
    {"optional/format/ecmascript-regex.json", false, "no groups with names"},
    {"optional/format/hostname.json", false, "no labels in Punycode, whose rules are beyond an automaton"},
    {"optional/format/idn-hostname.json", false, "only letters whose place in a label does not matter"},
    {"vocabulary.json: schema that uses custom metaschema with with no validation vocabulary", false,
     "every vocabulary is in force"},
};

bool is_exception(const SchemaCase& group, bool accepted) {
  std::string file = group.name.substr(0, group.name.find(':'));
  return std::any_of(std::begin(kExceptions), std::end(kExceptions), [&](const Exception& each) {
    return (each.group == group.name || each.group == file) && (!accepted || each.may_accept);
  });
}

void run_suite(const std::string& file, const std::string& draft) {
  auto path = shared_data("structured/" + file);
  REQUIRE_DATA(path);
  std::vector<SchemaCase> cases = read_schema_cases(path);
  for (SchemaCase& each : cases) {
    if (each.schema.size() > 2 && each.schema[0] == '{' && each.schema.find("\"$schema\"") == std::string::npos) {
      each.schema.insert(1, "\"$schema\":\"" + draft + "\",");
    }
  }
  Tally tally = judge(cases, [](const SchemaCase& group, const SchemaCase::Instance& instance) {
    if (is_exception(group, !instance.valid)) return;
    ADD_FAILURE() << group.name << " | " << instance.description << "\n" << group.schema << "\n" << instance.text;
  });
  EXPECT_GT(tally.schemas, 300);
  EXPECT_LT(tally.unenforced, tally.schemas / 6);
}

TEST(JsonSchemaData, SuiteOfDraft2020) {
  run_suite("json_schema_test_suite_draft2020-12.jsonl", "https://json-schema.org/draft/2020-12/schema");
}

TEST(JsonSchemaData, SuiteOfDraft7) {
  run_suite("json_schema_test_suite_draft7.jsonl", "http://json-schema.org/draft-07/schema#");
}

TEST(JsonSchemaData, MaskBench) {
  auto path = shared_data("structured/jsonschemabench_maskbench.jsonl");
  REQUIRE_DATA(path);
  Tally tally = judge(read_schema_cases(path), [](const SchemaCase& each, const SchemaCase::Instance& instance) {
    if (instance.valid) return;
    ADD_FAILURE() << each.name << " | " << instance.description << "\n" << instance.text.substr(0, 500);
  });
  int supported = tally.schemas - tally.refused - tally.unenforced;
  EXPECT_GE(supported * 100, tally.schemas * 88) << tally.refused << " refused, " << tally.unenforced << " unenforced";
  EXPECT_LE(tally.valid_refused * 100, tally.valid);
  RecordProperty("supported", supported);
}

}  // namespace
}  // namespace weft
