#include "grammar/schema_satisfiable.h"

#include <algorithm>
#include <limits>
#include <set>

#include "grammar/schema_keys.h"

namespace weft::schema {
namespace {

constexpr int64_t kEndless = std::numeric_limits<int64_t>::max() / 4;

// ---- Arrays ----

struct Position {  // the sets of conditions that an item there may count for
  std::vector<uint32_t> counts;
};

Position position_of(const std::vector<EntryChoice>& choices, const Inhabited& inhabited) {
  Position out;
  for (const EntryChoice& choice : choices) {
    if (inhabited[choice.value]) out.counts.push_back(choice.counts);
  }
  std::sort(out.counts.begin(), out.counts.end());
  out.counts.erase(std::unique(out.counts.begin(), out.counts.end()), out.counts.end());
  return out;
}

// Each condition by itself: by how many items it can be satisfied.
bool can_hold_alone(const CountedCondition& condition, uint32_t bit, const std::vector<Position>& prefix,
                    const Position& rest, int64_t min_items, int64_t max_items) {
  auto least = [&](const Position& at) {
    return std::all_of(at.counts.begin(), at.counts.end(), [&](uint32_t c) { return (c & bit) != 0; }) ? 1 : 0;
  };
  auto most = [&](const Position& at) {
    return std::any_of(at.counts.begin(), at.counts.end(), [&](uint32_t c) { return (c & bit) != 0; }) ? 1 : 0;
  };
  int64_t low = 0, high = 0, length = 0;
  auto fits = [&] {
    return length >= min_items && length <= max_items && high >= condition.min &&
           (!condition.max || low <= *condition.max);
  };
  for (const Position& at : prefix) {
    if (fits()) return true;
    if (length >= max_items) return false;
    low += least(at);
    high += most(at);
    ++length;
  }
  if (rest.counts.empty()) return fits();
  int64_t more = std::max<int64_t>(0, min_items - length);
  if (most(rest) != 0) more = std::max(more, condition.min - high);
  low += more * least(rest);
  high += more * most(rest);
  length += more;
  return fits();
}

// All conditions together: the sets of counts that so many items can come to, item by item. No value: too many.
Result<std::optional<bool>> can_hold_together(const ArrayShape& shape, const std::vector<Position>& prefix,
                                              const Position& rest, int64_t max_items, Budget& budget) {
  constexpr size_t kMaxStates = 256;
  using Counts = std::vector<int64_t>;
  size_t conditions = shape.conditions.size();
  auto cap = [&](size_t i) { return shape.conditions[i].max ? *shape.conditions[i].max + 1 : shape.conditions[i].min; };
  auto holds = [&](const Counts& counts) {
    for (size_t i = 0; i < conditions; ++i) {
      const CountedCondition& condition = shape.conditions[i];
      if (counts[i] < condition.min || (condition.max && counts[i] > *condition.max)) return false;
    }
    return true;
  };
  std::set<Counts> here{Counts(conditions, 0)};
  for (int64_t length = 0; length <= max_items; ++length) {
    bool found = std::any_of(here.begin(), here.end(), holds);
    if (length >= shape.min_items && found) return std::optional<bool>(true);
    bool in_prefix = length < static_cast<int64_t>(prefix.size());
    const Position& at = in_prefix ? prefix[static_cast<size_t>(length)] : rest;
    std::set<Counts> next;
    for (const Counts& counts : here) {
      for (uint32_t mask : at.counts) {
        Counts sum = counts;
        for (size_t i = 0; i < conditions; ++i) {
          if ((mask >> i & 1) != 0) sum[i] = std::min(sum[i] + 1, cap(i));
        }
        next.insert(std::move(sum));
      }
    }
    TRY(budget.spend(next.size() * conditions));
    if (next.size() > kMaxStates || length > static_cast<int64_t>(kMaxStates)) return std::optional<bool>();
    if (!in_prefix && next == here) {  // nothing changes from here on
      return std::optional<bool>(found && max_items >= shape.min_items);
    }
    here = std::move(next);
  }
  return std::optional<bool>(false);
}

// How many different values there are, where that is easily told.
int64_t count_values(const ValueShape& shape) {
  if (shape.number != nullptr || !shape.arrays.empty() || !shape.objects.empty()) return kEndless;
  int64_t count = (shape.null ? 1 : 0) + (shape.true_value ? 1 : 0) + (shape.false_value ? 1 : 0);
  for (const StringShape& part : shape.strings) {
    if (part.text == nullptr) {
      if (!part.max_chars || *part.max_chars > 0) return kEndless;
      ++count;
      continue;
    }
    constexpr size_t kMany = 1'000;
    auto texts = dfa::enumerate(*part.text, kMany);
    if (!texts) return kEndless;
    count += static_cast<int64_t>(texts->size());
  }
  return count;
}

// ---- Objects ----

// The least number of further properties with which all conditions hold.
Result<int64_t> further_properties(const ObjectShape& shape, const Presence& presence, const Inhabited& inhabited,
                                   const std::vector<int64_t>& room, Budget& budget) {
  size_t conditions = shape.conditions.size();
  std::vector<int64_t> least(size_t{1} << conditions, kEndless);
  least[0] = 0;
  auto add = [&](const std::vector<EntryChoice>& choices, bool optional) -> Status {
    TRY(budget.spend(least.size() * (1 + choices.size())));
    std::vector<int64_t> next = optional ? least : std::vector<int64_t>(least.size(), kEndless);
    for (const EntryChoice& choice : choices) {
      if (!inhabited[choice.value]) continue;
      for (size_t held = 0; held < least.size(); ++held) {
        int64_t& to = next[held | choice.counts];
        to = std::min(to, least[held] + (optional ? 1 : 0));
      }
    }
    least = std::move(next);
    return {};
  };
  for (size_t i = 0; i < shape.properties.size(); ++i) {
    if (presence.possible[i] != 0) TRY(add(shape.properties[i].choices, presence.required[i] == 0));
  }
  for (size_t i = 0; i < shape.classes.size(); ++i) {
    for (int64_t n = 0; n < std::min<int64_t>(room[i], static_cast<int64_t>(conditions)); ++n) {
      TRY(add(shape.classes[i], true));
    }
  }
  return least.back();
}

// Follows dependencies until nothing changes.
Status follow_dependencies(const ObjectShape& shape, Presence& presence, Budget& budget) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const ObjectShape::Dependency& dependency : shape.dependencies) {
      TRY(budget.spend(1 + dependency.needs.size()));
      auto trigger = static_cast<size_t>(dependency.trigger);
      for (int32_t need : dependency.needs) {
        auto needed = static_cast<size_t>(need);
        if (presence.possible[needed] == 0 && presence.possible[trigger] != 0) {
          presence.possible[trigger] = 0;
          changed = true;
        }
        if (presence.required[trigger] != 0 && presence.required[needed] == 0) {
          presence.required[needed] = 1;
          changed = true;
        }
      }
    }
  }
  return {};
}

}  // namespace

bool Inhabited::any(const std::vector<EntryChoice>& choices) const {
  return std::any_of(choices.begin(), choices.end(), [&](const EntryChoice& each) { return (*this)[each.value]; });
}

std::optional<int64_t> most_items(const ValueGrammar& grammar, const ArrayShape& shape, const Inhabited& inhabited) {
  std::optional<int64_t> most = shape.max_items;
  auto limit = [&](int64_t items) { most = std::min(most.value_or(items), items); };
  for (size_t i = 0; i < shape.prefix.size(); ++i) {
    if (!inhabited.any(shape.prefix[i])) {
      limit(static_cast<int64_t>(i));
      return most;
    }
  }
  auto prefix = static_cast<int64_t>(shape.prefix.size());
  if (!inhabited.any(shape.rest)) {
    limit(prefix);
  } else if (shape.unique) {
    int64_t count = 0;
    for (const EntryChoice& choice : shape.rest) {
      if (!inhabited[choice.value]) continue;
      count = std::min(kEndless, count + count_values(grammar.values[static_cast<size_t>(choice.value)]));
    }
    if (count < kEndless) limit(prefix + count);
  }
  return most;
}

Result<bool> is_satisfiable(const ValueGrammar& grammar, const ArrayShape& shape, const Inhabited& inhabited,
                            Budget& budget) {
  TRY(budget.spend(1 + shape.prefix.size()));
  int64_t most = most_items(grammar, shape, inhabited).value_or(kEndless);
  if (shape.min_items > most) return false;
  if (shape.conditions.empty()) return true;
  std::vector<Position> prefix;
  for (const auto& choices : shape.prefix) {
    Position at = position_of(choices, inhabited);
    if (at.counts.empty()) break;
    prefix.push_back(std::move(at));
  }
  Position rest = position_of(shape.rest, inhabited);
  if (shape.conditions.size() > 1) {
    TRY_ASSIGN(std::optional<bool> together, can_hold_together(shape, prefix, rest, most, budget));
    if (together) return *together;
  }
  for (size_t i = 0; i < shape.conditions.size(); ++i) {
    if (!can_hold_alone(shape.conditions[i], uint32_t{1} << i, prefix, rest, shape.min_items, most)) return false;
  }
  return true;
}

Result<std::optional<Presence>> presence(const ObjectShape& shape, const Inhabited& inhabited, Budget& budget) {
  using Nothing = std::optional<Presence>;
  size_t properties = shape.properties.size();
  TRY(budget.spend(1 + properties));
  Presence out{std::vector<uint8_t>(properties), std::vector<uint8_t>(properties)};
  for (size_t i = 0; i < properties; ++i) {
    out.possible[i] = inhabited.any(shape.properties[i].choices) ? 1 : 0;
    out.required[i] = shape.properties[i].required ? 1 : 0;
  }
  TRY(follow_dependencies(shape, out, budget));
  int64_t required = 0, possible = 0;
  for (size_t i = 0; i < properties; ++i) {
    if (out.required[i] != 0 && out.possible[i] == 0) return Nothing();
    required += out.required[i];
    possible += out.possible[i];
  }
  if (shape.max_properties && required > *shape.max_properties) return Nothing();
  std::vector<int64_t> room(shape.classes.size(), 0);  // how many keys each class has
  bool counts_matter = shape.min_properties > possible || !shape.conditions.empty();
  for (size_t i = 0; i < shape.classes.size() && counts_matter; ++i) {
    if (!inhabited.any(shape.classes[i])) continue;
    int64_t enough = std::max<int64_t>(shape.min_properties, static_cast<int64_t>(shape.conditions.size()));
    room[i] =
        shape.other_keys == nullptr ? kEndless : count_texts(*shape.other_keys, static_cast<uint8_t>(i + 1), enough);
    possible = std::min(kEndless, possible + room[i]);
  }
  if (counts_matter && possible < shape.min_properties) return Nothing();
  if (!shape.conditions.empty()) {
    TRY_ASSIGN(int64_t further, further_properties(shape, out, inhabited, room, budget));
    if (further >= kEndless || required + further > shape.max_properties.value_or(kEndless)) return Nothing();
  }
  return std::optional<Presence>(std::move(out));
}

}  // namespace weft::schema
