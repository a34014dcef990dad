#include "grammar/value_reference.h"

#include <algorithm>
#include <map>
#include <set>

#include "grammar/schema_json.h"

namespace weft {
namespace {

constexpr uint64_t kMaxSteps = 20'000'000;

using Counts = std::vector<int64_t>;  // by condition

// Its recursion goes as deep as the JSON value, which the parser has bounded.
class Reference {
 public:
  explicit Reference(const ValueGrammar& grammar) : grammar_(grammar) {}

  Result<bool> accepts(ValueId id, const Json& json);

 private:
  Result<bool> array(const ArrayShape& shape, const JsonArray& items);
  Result<bool> object(const ObjectShape& shape, const JsonObject& members);
  // What the conditions can have counted after one more entry.
  Result<std::set<Counts>> add_entry(const std::set<Counts>& before, const std::vector<EntryChoice>& choices,
                                     const std::vector<CountedCondition>& conditions, const Json& json);
  Status spend() {
    if (++steps_ > kMaxSteps) return make_error(ErrorCode::kResourceExhausted, "The comparison takes too many steps.");
    return {};
  }

  const ValueGrammar& grammar_;
  std::map<std::pair<ValueId, const Json*>, bool> known_;
  uint64_t steps_ = 0;
};

int64_t count_chars(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; });
}

bool string_accepts(const StringShape& shape, std::string_view text) {
  int64_t chars = count_chars(text);
  if (chars < shape.min_chars || (shape.max_chars && chars > *shape.max_chars)) return false;
  return shape.text == nullptr || shape.text->accepts(text);
}

bool any_holds(const std::set<Counts>& all, const std::vector<CountedCondition>& conditions) {
  return std::any_of(all.begin(), all.end(), [&](const Counts& counts) {
    for (size_t i = 0; i < conditions.size(); ++i) {
      if (counts[i] < conditions[i].min || (conditions[i].max && counts[i] > *conditions[i].max)) return false;
    }
    return true;
  });
}

bool has_repeats(const JsonArray& items) {
  std::set<std::string> seen;
  for (const Json& item : items) {
    std::string text;
    schema::append_canonical(text, item);
    if (!seen.insert(std::move(text)).second) return true;
  }
  return false;
}

Result<std::set<Counts>> Reference::add_entry(const std::set<Counts>& before, const std::vector<EntryChoice>& choices,
                                              const std::vector<CountedCondition>& conditions, const Json& json) {
  std::set<Counts> after;
  for (const EntryChoice& choice : choices) {
    TRY_ASSIGN(bool accepted, accepts(choice.value, json));
    if (!accepted) continue;
    for (const Counts& counts : before) {
      TRY(spend());
      Counts sum = counts;
      for (size_t i = 0; i < conditions.size(); ++i) {
        int64_t cap = conditions[i].max ? *conditions[i].max + 1 : conditions[i].min;
        if ((choice.counts >> i & 1) != 0) sum[i] = std::min(sum[i] + 1, cap);
      }
      after.insert(std::move(sum));
    }
  }
  return after;
}

Result<bool> Reference::array(const ArrayShape& shape, const JsonArray& items) {
  auto size = static_cast<int64_t>(items.size());
  if (size < shape.min_items || (shape.max_items && size > *shape.max_items)) return false;
  if (shape.unique && has_repeats(items)) return false;
  std::set<Counts> counts{Counts(shape.conditions.size(), 0)};
  for (size_t i = 0; i < items.size(); ++i) {
    const auto& choices = i < shape.prefix.size() ? shape.prefix[i] : shape.rest;
    TRY_ASSIGN(counts, add_entry(counts, choices, shape.conditions, items[i]));
    if (counts.empty()) return false;
  }
  return any_holds(counts, shape.conditions);
}

Result<bool> Reference::object(const ObjectShape& shape, const JsonObject& members) {
  auto size = static_cast<int64_t>(members.size());
  if (size < shape.min_properties || (shape.max_properties && size > *shape.max_properties)) return false;
  for (const auto& property : shape.properties) {
    if (property.required && members.if_contains(property.key) == nullptr) return false;
  }
  for (const auto& dependency : shape.dependencies) {
    if (members.if_contains(shape.properties[static_cast<size_t>(dependency.trigger)].key) == nullptr) continue;
    for (int32_t need : dependency.needs) {
      if (members.if_contains(shape.properties[static_cast<size_t>(need)].key) == nullptr) return false;
    }
  }
  std::set<Counts> counts{Counts(shape.conditions.size(), 0)};
  for (const auto& [key, value] : members) {
    std::string_view name = key;
    auto listed = std::find_if(shape.properties.begin(), shape.properties.end(),
                               [&](const auto& property) { return property.key == name; });
    const std::vector<EntryChoice>* choices = nullptr;
    if (listed != shape.properties.end()) {
      choices = &listed->choices;
    } else if (shape.other_keys == nullptr) {
      choices = shape.classes.empty() ? nullptr : &shape.classes[0];
    } else {
      int32_t state = shape.other_keys->run(0, name);
      uint8_t label = state < 0 ? 0 : shape.other_keys->accepting[static_cast<size_t>(state)];
      choices = label == 0 ? nullptr : &shape.classes[label - 1u];
    }
    if (choices == nullptr) return false;
    TRY_ASSIGN(counts, add_entry(counts, *choices, shape.conditions, value));
    if (counts.empty()) return false;
  }
  return any_holds(counts, shape.conditions);
}

Result<bool> Reference::accepts(ValueId id, const Json& json) {
  TRY(spend());
  auto key = std::make_pair(id, &json);
  auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  const ValueShape& shape = grammar_.values[static_cast<size_t>(id)];
  bool accepted = false;
  if (schema::is_number(json)) {
    accepted = shape.number != nullptr && shape.number->accepts(schema::number_text(json));
  } else if (json.is_null()) {
    accepted = shape.null;
  } else if (json.is_bool()) {
    accepted = json.get_bool() ? shape.true_value : shape.false_value;
  } else if (json.is_string()) {
    std::string_view text = schema::string_text(json);
    accepted = std::any_of(shape.strings.begin(), shape.strings.end(),
                           [&](const StringShape& part) { return string_accepts(part, text); });
  } else if (json.is_array()) {
    for (size_t i = 0; i < shape.arrays.size() && !accepted; ++i) {
      TRY_ASSIGN(accepted, array(shape.arrays[i], json.get_array()));
    }
  } else {
    for (size_t i = 0; i < shape.objects.size() && !accepted; ++i) {
      TRY_ASSIGN(accepted, object(shape.objects[i], json.get_object()));
    }
  }
  known_.emplace(key, accepted);
  return accepted;
}

}  // namespace

Result<bool> reference_accepts(const ValueGrammar& grammar, std::string_view text) {
  constexpr size_t kDepth = 256;
  JsonLimits limits;
  limits.max_depth = kDepth;
  TRY_ASSIGN(Json json, schema::parse_exact(text, limits));
  if (grammar.root == kNoValue) return false;
  return Reference(grammar).accepts(grammar.root, json);
}

}  // namespace weft
