// Texts chosen to be hard: the work stays proportional to their length (but for the logarithm of a heap).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "text/bpe_model.h"
#include "text/byte_level.h"
#include "text/recorded_data.h"
#include "text/score_bpe_model.h"

namespace weft {
namespace {

std::string repeat(std::string_view unit, size_t bytes) {
  std::string out;
  out.reserve(bytes + unit.size());
  while (out.size() < bytes) out += unit;
  return out;
}

// What a text is made of, over and over: single characters of one to four bytes, and patterns that merges like.
std::vector<std::string> hard_units() {
  std::vector<std::string> out;
  for (char c : std::string_view("aeikz AZ09.,-_/\\\"'<>|(){}[]@#$%&*+=~^`!?:;\t\n\r")) out.emplace_back(1, c);
  for (const char* text : {"\xC3\xA9",     "\xCC\x81",     "\xC2\xA0",     "\xE2\x96\x81",
                           "\xE4\xB8\xAD", "\xE1\x84\x80", "\xE2\x80\x8D", "\xF0\x9F\x98\x80",
                           "ab",           "aab",          "abb",          "abc",
                           "a b",          " a",           "\n ",          "\r\n",
                           "'s",           "1a",           "aA",           "<|im_"}) {
    out.emplace_back(text);
  }
  return out;
}

// Every unit doubled, again and again, up to 64 times itself.
struct DoublingVocabulary {
  std::vector<std::string> forms;
  std::vector<std::pair<std::string, std::string>> merges;

  void add(const std::string& left, const std::string& right) {
    if (std::find(merges.begin(), merges.end(), std::pair(left, right)) != merges.end()) return;
    merges.emplace_back(left, right);
    if (std::find(forms.begin(), forms.end(), left + right) == forms.end()) forms.push_back(left + right);
  }

  // `vocabulary`: of the forms; outlives the model.
  Result<std::unique_ptr<BpeModel>> bpe_model(const Vocabulary& vocabulary) const {
    std::vector<MergeRule> rules;
    for (const auto& [left, right] : merges) rules.push_back({left, right});
    return BpeModel::create(vocabulary, rules, {.byte_level = true});
  }

  DoublingVocabulary() {
    for (int byte = 0; byte < 256; ++byte) forms.push_back(to_byte_level(std::string(1, static_cast<char>(byte))));
    for (const std::string& unit : hard_units()) {
      std::string whole = to_byte_level(unit.substr(0, 1));
      for (char c : unit.substr(1)) {
        std::string next = to_byte_level(std::string(1, c));
        add(whole, next);
        whole += next;
      }
      for (int times = 0; times < 6; ++times) {
        add(whole, whole);
        whole += whole;
      }
    }
  }
};

TEST(LinearWork, OfMergingOneWord) {
  DoublingVocabulary doubling;
  Vocabulary vocabulary(doubling.forms);
  auto model = doubling.bpe_model(vocabulary);
  ASSERT_TRUE(model) << model.error().message;
  std::vector<double> scores;
  for (size_t id = 0; id < doubling.forms.size(); ++id) scores.push_back(-static_cast<double>(id));
  ScoreBpeModel by_score(vocabulary, scores, std::vector<bool>(scores.size(), true), 0);
  auto units = hard_units();
  EXPECT_GE(units.size(), 64u);
  for (const SubwordModel* each :
       {static_cast<const SubwordModel*>(model->get()), static_cast<const SubwordModel*>(&by_score)}) {
    for (const std::string& unit : units) {
      uint64_t steps[2];
      for (size_t i : {0, 1}) {
        MergeScratch scratch;
        std::vector<int32_t> ids;
        each->encode_word(repeat(unit, size_t{16'384} << i), scratch, ids);
        steps[i] = scratch.steps;
        EXPECT_FALSE(ids.empty());
      }
      EXPECT_GT(steps[0], 1000u) << unit;
      EXPECT_LE(static_cast<double>(steps[1]), 2.2 * static_cast<double>(steps[0])) << unit;
    }
  }
}

TEST(LinearWork, OfOneWordOfAMebibyte) {
  DoublingVocabulary doubling;
  Vocabulary vocabulary(doubling.forms);
  auto model = doubling.bpe_model(vocabulary);
  ASSERT_TRUE(model) << model.error().message;
  MergeScratch scratch;
  std::vector<int32_t> ids;
  (*model)->encode_word(std::string(1 << 20, 'a'), scratch, ids);
  EXPECT_EQ(ids.size(), size_t{1} << 14);
  EXPECT_LT(scratch.steps, uint64_t{100} << 20);
}

// Short words are merged by a scan, long ones with a heap: the same tokens.
TEST(Merging, OfFewAndOfManySymbolsAgrees) {
  DoublingVocabulary doubling;
  Vocabulary vocabulary(doubling.forms);
  auto model = doubling.bpe_model(vocabulary);
  ASSERT_TRUE(model) << model.error().message;
  // "a" 40 times (a scan), and with a 0xFF behind it that nothing merges with (a heap).
  for (const std::string& unit : hard_units()) {
    for (size_t bytes = 30; bytes <= 40; ++bytes) {
      std::string word = repeat(unit, bytes).substr(0, 40);
      MergeScratch scratch;
      std::vector<int32_t> few, many;
      (*model)->encode_word(word, scratch, few);
      (*model)->encode_word(word + std::string(20, '\xFF'), scratch, many);
      many.resize(many.size() - 20);
      EXPECT_EQ(few, many) << unit;
    }
  }
}

}  // namespace
}  // namespace weft
