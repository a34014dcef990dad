#include "grammar/container_rules.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

namespace weft {

namespace {

constexpr int64_t kMaxItemsLookedAt = 100'000;

void set_bit(std::vector<uint64_t>& words, size_t bit) { words[bit / 64] |= uint64_t{1} << (bit % 64); }

int64_t count_bits(std::span<const uint64_t> words) {
  int64_t count = 0;
  for (uint64_t word : words) count += std::popcount(word);
  return count;
}

// What has to be present and is not: the required properties and those that the present ones and these need.
std::vector<uint64_t> needed_properties(const ObjectTable& table, std::span<const uint64_t> seen) {
  std::vector<uint64_t> needed = table.required;
  if (!table.shape.dependencies.empty()) {
    for (size_t i = 0; i < table.shape.properties.size(); ++i) {
      if (!has_bit(seen, i) && !has_bit(table.required, i)) continue;
      for (int32_t other : table.needs[i]) set_bit(needed, static_cast<size_t>(other));
    }
  }
  for (size_t w = 0; w < needed.size() && w < seen.size(); ++w) needed[w] &= ~seen[w];
  return needed;
}

}  // namespace

ConditionCounts no_counts(const std::vector<CountedCondition>& conditions) {
  return ConditionCounts(conditions.size(), 0);
}

ConditionCounts add_counts(const std::vector<CountedCondition>& conditions, const ConditionCounts& counts,
                           uint32_t bits) {
  ConditionCounts sum = counts;
  for (size_t i = 0; i < conditions.size(); ++i) {
    if (((bits >> i) & 1) == 0) continue;
    int64_t most = conditions[i].max ? *conditions[i].max + 1 : conditions[i].min;
    sum[i] = static_cast<int32_t>(std::min<int64_t>({sum[i] + 1, most, INT32_MAX - 1}));
  }
  return sum;
}

bool counts_reach_minimum(const std::vector<CountedCondition>& conditions, const ConditionCounts& counts) {
  for (size_t i = 0; i < conditions.size(); ++i) {
    if (counts[i] < conditions[i].min) return false;
  }
  return true;
}

bool counts_exceed_maximum(const std::vector<CountedCondition>& conditions, const ConditionCounts& counts) {
  for (size_t i = 0; i < conditions.size(); ++i) {
    if (conditions[i].max && counts[i] > *conditions[i].max) return true;
  }
  return false;
}

bool ContainerRules::any_may_enter(const std::vector<EntryChoice>& choices, int32_t room) const {
  return std::any_of(choices.begin(), choices.end(), [&](const EntryChoice& c) { return may_enter(c, room); });
}

bool ContainerRules::array_may_end(const ArrayTable& table, int64_t index, const ConditionCounts& counts) const {
  if (index < table.shape->min_items) return false;
  return table.plain || (counts_reach_minimum(table.shape->conditions, counts) &&
                         !counts_exceed_maximum(table.shape->conditions, counts));
}

bool ContainerRules::array_can_finish(const ArrayTable& table, int64_t index, const ConditionCounts& counts,
                                      int32_t room) const {
  const ArrayShape& shape = *table.shape;
  auto prefix = static_cast<int64_t>(shape.prefix.size());
  auto choices_at = [&](int64_t i) -> const std::vector<EntryChoice>& {
    return i < prefix ? shape.prefix[static_cast<size_t>(i)] : shape.rest;
  };
  if (index > table.longest) return false;
  if (table.plain) {
    for (int64_t i = index; i < shape.min_items && i <= prefix; ++i) {
      if (i >= table.longest || !any_may_enter(choices_at(i), room)) return false;
    }
    return shape.min_items <= table.longest;
  }
  std::set<ConditionCounts> reached = {counts};
  size_t searched = 0;
  for (int64_t i = index; i - index < kMaxItemsLookedAt; ++i) {
    std::set<ConditionCounts> after;
    for (const ConditionCounts& at : reached) {
      if (array_may_end(table, i, at)) return true;
      if (i >= table.longest) continue;
      for (const EntryChoice& choice : choices_at(i)) {
        if (!may_enter(choice, room)) continue;
        ConditionCounts sum = add_counts(shape.conditions, at, choice.counts);
        if (!counts_exceed_maximum(shape.conditions, sum)) after.insert(std::move(sum));
        if (++searched > kMaxSearch) return false;
      }
    }
    if (after.empty()) return false;
    if (i >= prefix && after == reached) {  // nothing changes any more but the number of items
      if (i >= shape.min_items || shape.min_items > table.longest) return false;
      return std::any_of(after.begin(), after.end(),
                         [&](const ConditionCounts& at) { return array_may_end(table, shape.min_items, at); });
    }
    reached = std::move(after);
  }
  return false;
}

bool ContainerRules::object_may_end(const ObjectTable& table, const ObjectProgress& progress) const {
  for (size_t w = 0; w < table.required.size(); ++w) {
    uint64_t seen = w < progress.seen.size() ? progress.seen[w] : 0;
    if ((table.required[w] & ~seen) != 0) return false;
  }
  const ObjectShape& shape = table.shape;
  if (progress.count < shape.min_properties) return false;
  if (shape.max_properties && progress.count > *shape.max_properties) return false;
  for (const ObjectShape::Dependency& dependency : shape.dependencies) {
    if (!has_bit(progress.seen, static_cast<size_t>(dependency.trigger))) continue;
    for (int32_t need : dependency.needs) {
      if (!has_bit(progress.seen, static_cast<size_t>(need))) return false;
    }
  }
  if (shape.conditions.empty()) return true;
  return counts_reach_minimum(shape.conditions, *progress.counts) &&
         !counts_exceed_maximum(shape.conditions, *progress.counts);
}

bool ContainerRules::other_key_may_enter(const ObjectTable& table, int32_t room) const {
  if (table.other_automaton < 0) return false;
  return std::any_of(table.shape.classes.begin(), table.shape.classes.end(),
                     [&](const auto& choices) { return any_may_enter(choices, room); });
}

bool ContainerRules::property_possible(const ObjectTable& table, size_t property, int32_t room) const {
  if (!any_may_enter(table.shape.properties[property].choices, room)) return false;
  return std::all_of(table.needs[property].begin(), table.needs[property].end(), [&](int32_t need) {
    return any_may_enter(table.shape.properties[static_cast<size_t>(need)].choices, room);
  });
}

bool ContainerRules::object_can_finish(const ObjectTable& table, const ObjectProgress& progress, int32_t room) const {
  std::vector<uint64_t> needed = needed_properties(table, progress.seen);
  for (size_t i = 0; i < table.shape.properties.size(); ++i) {
    if (has_bit(needed, i) && !any_may_enter(table.shape.properties[i].choices, room)) return false;
  }
  int64_t count = progress.count + count_bits(needed);
  if (table.shape.max_properties && count > *table.shape.max_properties) return false;
  if (!table.shape.conditions.empty()) return search_object(table, progress, needed, room);
  if (count >= table.shape.min_properties) return true;
  if (table.shape.max_properties && *table.shape.max_properties < table.shape.min_properties) return false;
  if (other_key_may_enter(table, room)) return true;
  std::vector<uint64_t> present = needed;
  for (size_t w = 0; w < present.size() && w < progress.seen.size(); ++w) present[w] |= progress.seen[w];
  return fill_object(table, progress, std::move(present), count, room);
}

// Adds properties, those first that bring the fewest others with them, until there are enough.
bool ContainerRules::fill_object(const ObjectTable& table, const ObjectProgress& /*progress*/,
                                 std::vector<uint64_t> present, int64_t count, int32_t room) const {
  size_t properties = table.shape.properties.size();
  while (count < table.shape.min_properties) {
    size_t best = properties;
    int64_t fewest = 0;
    for (size_t i = 0; i < properties && fewest != 1; ++i) {
      if (has_bit(present, i) || !property_possible(table, i, room)) continue;
      int64_t brings = 1 + std::count_if(table.needs[i].begin(), table.needs[i].end(),
                                         [&](int32_t need) { return !has_bit(present, static_cast<size_t>(need)); });
      if (best != properties && brings >= fewest) continue;
      best = i;
      fewest = brings;
    }
    if (best == properties) return false;
    set_bit(present, best);
    for (int32_t need : table.needs[best]) set_bit(present, static_cast<size_t>(need));
    count += fewest;
  }
  return !table.shape.max_properties || count <= *table.shape.max_properties;
}

// Conditions: all sets of entries, by what they count to. Optional properties that need others are left out.
bool ContainerRules::search_object(const ObjectTable& table, const ObjectProgress& progress,
                                   const std::vector<uint64_t>& needed, int32_t room) const {
  const ObjectShape& shape = table.shape;
  int64_t most = shape.max_properties.value_or(INT64_MAX);
  using Reached = std::set<std::pair<int64_t, ConditionCounts>>;
  Reached reached = {{progress.count, *progress.counts}};
  size_t searched = 0;
  auto add_all = [&](const Reached& from, const std::vector<EntryChoice>& choices, Reached& to) {
    for (const auto& [count, counts] : from) {
      int64_t more = shape.max_properties ? count + 1 : std::min(count + 1, std::max(count, shape.min_properties));
      if (count >= most) continue;
      for (const EntryChoice& choice : choices) {
        if (!may_enter(choice, room) || ++searched > kMaxSearch) continue;
        ConditionCounts sum = add_counts(shape.conditions, counts, choice.counts);
        if (!counts_exceed_maximum(shape.conditions, sum)) to.emplace(more, std::move(sum));
      }
    }
  };
  for (size_t i = 0; i < shape.properties.size(); ++i) {
    if (!has_bit(needed, i)) continue;
    Reached after;
    add_all(reached, shape.properties[i].choices, after);
    reached = std::move(after);
  }
  auto finished = [&] {
    return std::any_of(reached.begin(), reached.end(), [&](const auto& at) {
      return at.first >= shape.min_properties && at.first <= most && counts_reach_minimum(shape.conditions, at.second);
    });
  };
  for (size_t i = 0; i < shape.properties.size(); ++i) {
    if (finished()) return true;
    if (has_bit(needed, i) || has_bit(progress.seen, i)) continue;
    bool free = std::all_of(table.needs[i].begin(), table.needs[i].end(), [&](int32_t need) {
      return has_bit(needed, static_cast<size_t>(need)) || has_bit(progress.seen, static_cast<size_t>(need));
    });
    if (!free) continue;
    Reached after = reached;
    add_all(reached, shape.properties[i].choices, after);
    reached = std::move(after);
  }
  if (table.other_automaton < 0) return finished();
  while (!finished() && searched <= kMaxSearch) {
    Reached after = reached;
    for (const auto& choices : shape.classes) add_all(reached, choices, after);
    if (after == reached) break;
    reached = std::move(after);
  }
  return finished();
}

}  // namespace weft
