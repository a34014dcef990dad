// Real templates and the cases of other engines against what Python's Jinja2 made of them. What can't agree is named in
// a table here, with the reason.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/test_data.h"
#include "text/jinja/template.h"

namespace weft::jinja {
namespace {

constexpr std::time_t kNow = 1752148800;  // 2025-07-10T12:00:00Z, the clock of the recorded outputs

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<JsonObject> read_lines(const std::filesystem::path& path) {
  std::vector<JsonObject> out;
  std::istringstream lines(read_text(path));
  for (std::string line; std::getline(lines, line);) {
    auto parsed = parse_json(line, {.max_depth = 64});
    EXPECT_TRUE(parsed.has_value()) << path;
    if (parsed) out.push_back(parsed->as_object());
  }
  return out;
}

std::string text_of(const JsonObject& object, std::string_view key) {
  const Json* found = object.if_contains(key);
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

// Counts cases and remembers those that went wrong.
class Tally {
 public:
  void check(const std::string& name, const Result<std::string>& got, const std::optional<std::string>& want) {
    ++cases_;
    if (got.has_value() != want.has_value()) {
      add(name, got ? "no error, but \"" + *got + "\"" : "error: " + got.error().message);
    } else if (got && *got != *want) {
      size_t at = 0;
      while (at < got->size() && at < want->size() && (*got)[at] == (*want)[at]) ++at;
      size_t from = at > 40 ? at - 40 : 0;
      add(name, "differs at byte " + std::to_string(at) + "\n    got:  " + got->substr(from, 100) +
                    "\n    want: " + want->substr(from, 100));
    }
  }
  void add(const std::string& name, const std::string& what) {
    if (++mismatches_ <= 60) report_ += "\n  " + name + ": " + what;
  }
  void expect_clean(size_t cases) const {
    EXPECT_EQ(cases_, cases);
    EXPECT_EQ(mismatches_, 0u) << mismatches_ << " of " << cases_ << " cases differ:" << report_;
  }
  void count() { ++cases_; }

 private:
  size_t cases_ = 0;
  size_t mismatches_ = 0;
  std::string report_;
};

Result<std::string> render(std::string_view source, const JsonObject& context) {
  auto parsed = Template::parse(source);
  if (!parsed) return std::move(parsed).take_error();
  return parsed->render(context, kNow);
}

TEST(TemplateData, RealTemplatesTimesContexts) {
  auto folder = shared_data("chat_templates");
  REQUIRE_DATA(folder);
  auto contexts = parse_json(read_text(folder / "rendered/contexts.json"), {.max_depth = 64});
  ASSERT_TRUE(contexts.has_value());
  Tally tally;
  std::map<std::string, Result<Template>> templates;
  for (const JsonObject& line : read_lines(folder / "rendered/expected.jsonl")) {
    std::string name = text_of(line, "template");
    auto it = templates.find(name);
    if (it == templates.end()) it = templates.emplace(name, Template::parse(read_text(folder / name))).first;
    std::optional<std::string> want;
    if (line.contains("output")) want = text_of(line, "output");
    std::string context = text_of(line, "context");
    if (!it->second) {
      tally.check(name, it->second.error(), want);
    } else {
      tally.check(name + " on " + context, it->second->render(contexts->as_object().at(context).as_object(), kNow),
                  want);
    }
  }
  tally.expect_clean(660);
}

struct CaseFile {
  const char* name;
  size_t cases;
};

class TemplateCases : public testing::TestWithParam<CaseFile> {};

JsonObject context_of(const JsonObject& line) {
  if (line.contains("data")) return line.at("data").as_object();
  JsonObject out = line;
  out.erase("template");
  return out;
}

TEST_P(TemplateCases, AgreeWithJinja2) {
  auto path = shared_data("chat_templates/cases") / GetParam().name;
  REQUIRE_DATA(path);
  Tally tally;
  for (const JsonObject& line : read_lines(path)) {
    std::optional<std::string> want;
    if (line.at("jinja2_output").is_string()) want = text_of(line, "jinja2_output");
    tally.check(text_of(line, "name"), render(text_of(line, "template"), context_of(line)), want);
  }
  tally.expect_clean(GetParam().cases);
}

INSTANTIATE_TEST_SUITE_P(Files, TemplateCases,
                         testing::Values(CaseFile{"hfjs_e2e.jsonl", 35}, CaseFile{"hfjs_unit.jsonl", 104},
                                         CaseFile{"llama_cpp_jinja_unit.jsonl", 176},
                                         CaseFile{"llama_cpp_chat.jsonl", 23}),
                         [](const auto& file) {
                           std::string name = file.param.name;
                           return name.substr(0, name.find('.'));
                         });

// What tools/fuzz_templates.py found and recorded: Jinja2's answers to templates and variables of this file.
TEST(TemplateData, RecordedCases) {
  Tally tally;
  for (const JsonObject& line : read_lines(source_path("testdata/jinja_cases.jsonl"))) {
    std::optional<std::string> want;
    if (line.contains("output")) want = text_of(line, "output");
    std::string source = text_of(line, "template");
    tally.check(source, render(source, line.at("context").as_object()), want);
  }
  tally.expect_clean(458);
}

// Jinja2 renders these, and so do we.
const std::map<std::string, std::string> kNotMalformed = {
    {"Looping over non-iterable", "an undefined variable is an empty sequence in a loop"}};

TEST(TemplateData, MalformedTemplatesFailWithAPlace) {
  auto path = shared_data("chat_templates/cases/hfjs_malformed.jsonl");
  REQUIRE_DATA(path);
  Tally tally;
  for (const JsonObject& line : read_lines(path)) {
    std::string name = text_of(line, "name");
    auto got = render(text_of(line, "template"), {});
    tally.count();
    if (got.has_value() != kNotMalformed.contains(name)) tally.add(name, got ? "renders" : got.error().message);
    if (!got && got.error().message.find("line ") == std::string::npos) tally.add(name, got.error().message);
  }
  tally.expect_clean(15);
}

TEST(TemplateData, NamedTemplatesParse) {
  auto path = shared_data("chat_templates/cases/ollama_named_templates.jsonl");
  REQUIRE_DATA(path);
  Tally tally;
  for (const JsonObject& line : read_lines(path)) {
    auto parsed = Template::parse(text_of(line, "template"));
    tally.count();
    if (!parsed) tally.add(text_of(line, "name"), parsed.error().message);
  }
  tally.expect_clean(35);
}

}  // namespace
}  // namespace weft::jinja
