// Reading of the recorded cases of structured output. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/test_data.h"
#include "grammar/byte_tokenizer.h"
#include "grammar/compile.h"
#include "grammar/grammar_probe.h"
#include "grammar/python_json.h"

namespace weft {

// A JSON object whose members keep the text that they have in the file, numbers and all.
class RawObject {
 public:
  explicit RawObject(std::string_view json) {
    auto members = json_members(json);
    EXPECT_TRUE(members) << json;
    if (!members) return;
    for (JsonMember& member : *members) members_[member.key] = std::string(member.value);
  }
  bool has(const std::string& key) const { return members_.contains(key); }
  const std::string& raw(const std::string& key) const { return members_.at(key); }
  std::string text(const std::string& key) const { return text_of(raw(key)); }
  bool is_true(const std::string& key) const { return raw(key) == "true"; }
  std::vector<std::string> elements(const std::string& key) const { return elements_of(raw(key)); }
  std::vector<std::string> texts(const std::string& key) const {
    std::vector<std::string> texts;
    for (const std::string& element : elements(key)) texts.push_back(text_of(element));
    return texts;
  }

  static std::string text_of(std::string_view json_string) {
    auto value = parse_json(json_string);
    EXPECT_TRUE(value && value->is_string()) << json_string;
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  }
  static std::vector<std::string> elements_of(std::string_view json) {
    auto elements = json_elements(json);
    EXPECT_TRUE(elements) << json;
    return elements ? std::vector<std::string>(elements->begin(), elements->end()) : std::vector<std::string>();
  }

 private:
  std::map<std::string, std::string> members_;
};

inline std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

// A vocabulary to look at grammars with.
struct ProbeTokens {
  std::unique_ptr<const Tokenizer> tokenizer;
  TokenId end_token = 0;
  std::shared_ptr<const GrammarVocabulary> vocabulary;

  static ProbeTokens bytes() { return with(std::make_unique<ByteTokenizer>(), ByteTokenizer::kEnd); }
  static ProbeTokens with(std::unique_ptr<const Tokenizer> tokenizer, TokenId end_token) {
    auto vocabulary = GrammarVocabulary::build(*tokenizer, {end_token});
    return {std::move(tokenizer), end_token, std::move(vocabulary)};
  }
  GrammarProbe probe() const { return {*tokenizer, *vocabulary, end_token}; }

  Result<CompiledGrammar> compile(GrammarSpec::Kind kind, std::string text) const {
    GrammarSpec spec;
    spec.kind = kind;
    spec.text = std::move(text);
    return compile_grammar(spec, vocabulary);
  }
};

// Beginnings of names of cases that are known to differ, with the reason. A difference that is not known fails, and so
// does a known one that is none any more.
using Reasons = std::map<std::string, std::string>;
class KnownDifferences {
 public:
  explicit KnownDifferences(std::map<std::string, std::string> reasons) : reasons_(std::move(reasons)) {}

  void differs(const std::string& name, const std::string& what) {
    bool known = false;
    for (const auto& [beginning, reason] : reasons_) {
      if (!name.starts_with(beginning)) continue;
      seen_.insert(beginning);
      known = true;
    }
    if (!known) ADD_FAILURE() << "\"" << name << "\": " << what;
  }
  void expect_all_seen() const {
    for (const auto& [name, reason] : reasons_) {
      EXPECT_TRUE(seen_.contains(name)) << "\"" << name << "\" does not differ any more (" << reason << ")";
    }
  }

 private:
  std::map<std::string, std::string> reasons_;
  std::set<std::string> seen_;
};

}  // namespace weft
