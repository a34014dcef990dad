#include "grammar/unique_tables.h"

#include <string>

#include "base/json.h"
#include "grammar/json_value_key.h"
#include "grammar/regex.h"

namespace weft {

namespace {

constexpr size_t kFew = 1'000;

}  // namespace

Result<Dfa> one_text_per_number(const Dfa& number, const GrammarLimits& limits) {
  Dfa plain = any_number_without_exponent();
  if (dfa::equal(number, any_number()) || dfa::equal(number, plain)) return plain;
  TRY_ASSIGN(Dfa shortest,
             compile_regex("-?[1-9][0-9]*(\\.[0-9]*[1-9])?|-?0\\.[0-9]*[1-9]|0", RegexMatch::kWhole, limits));
  TRY_ASSIGN(Dfa both, dfa::intersect(number, shortest, limits));
  return both.is_empty() ? number : both;
}

std::optional<std::vector<uint64_t>> few_values(const ValueShape& shape, const Dfa* number) {
  if (!shape.arrays.empty() || !shape.objects.empty()) return std::nullopt;
  std::vector<uint64_t> keys;
  if (shape.null) keys.push_back(json_value_key("null"));
  if (shape.true_value) keys.push_back(json_value_key("true"));
  if (shape.false_value) keys.push_back(json_value_key("false"));
  if (number != nullptr) {
    auto texts = dfa::enumerate(*number, kFew);
    if (!texts) return std::nullopt;
    for (const std::string& text : *texts) keys.push_back(json_value_key(text));
  }
  for (const StringShape& string : shape.strings) {
    if (string.text == nullptr || string.min_chars > 0 || string.max_chars) return std::nullopt;
    auto texts = dfa::enumerate(*string.text, kFew);
    if (!texts) return std::nullopt;
    for (const std::string& text : *texts) {
      std::string quoted;
      append_json_string(quoted, text);
      keys.push_back(json_value_key(quoted));
    }
  }
  return keys;
}

}  // namespace weft
