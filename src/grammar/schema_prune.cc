#include "grammar/schema_prune.h"

#include <algorithm>
#include <map>

#include "grammar/schema_keys.h"
#include "grammar/schema_satisfiable.h"

namespace weft::schema {
namespace {

template <class Visit>
void for_each_choice(const ValueShape& shape, const Visit& visit) {
  auto all = [&](const std::vector<EntryChoice>& choices) {
    for (const EntryChoice& choice : choices) visit(choice.value);
  };
  for (const ArrayShape& array : shape.arrays) {
    for (const auto& choices : array.prefix) all(choices);
    all(array.rest);
  }
  for (const ObjectShape& object : shape.objects) {
    for (const auto& property : object.properties) all(property.choices);
    for (const auto& choices : object.classes) all(choices);
  }
}

// ---- Which values have any value ----

Result<bool> has_value(const ValueGrammar& grammar, const ValueShape& shape, const Inhabited& inhabited,
                       Budget& budget) {
  if (shape.null || shape.true_value || shape.false_value || shape.number != nullptr || !shape.strings.empty()) {
    return true;
  }
  for (const ArrayShape& array : shape.arrays) {
    TRY_ASSIGN(bool satisfiable, is_satisfiable(grammar, array, inhabited, budget));
    if (satisfiable) return true;
  }
  for (const ObjectShape& object : shape.objects) {
    TRY_ASSIGN(std::optional<Presence> present, presence(object, inhabited, budget));
    if (present) return true;
  }
  return false;
}

// The least fixpoint: nothing is there that needs itself.
Result<Inhabited> find_inhabited(const ValueGrammar& grammar, Budget& budget) {
  size_t count = grammar.values.size();
  Inhabited inhabited(count);
  std::vector<std::vector<ValueId>> holders(count);
  for (size_t i = 0; i < count; ++i) {
    for_each_choice(grammar.values[i], [&](ValueId value) {
      auto& list = holders[static_cast<size_t>(value)];
      if (list.empty() || list.back() != static_cast<ValueId>(i)) list.push_back(static_cast<ValueId>(i));
    });
  }
  std::vector<ValueId> pending;
  for (size_t i = 0; i < count; ++i) pending.push_back(static_cast<ValueId>(i));  // parts come after what holds them
  while (!pending.empty()) {
    ValueId value = pending.back();
    pending.pop_back();
    if (inhabited[value]) continue;
    TRY_ASSIGN(bool found, has_value(grammar, grammar.values[static_cast<size_t>(value)], inhabited, budget));
    if (!found) continue;
    inhabited.add(value);
    const auto& list = holders[static_cast<size_t>(value)];
    pending.insert(pending.end(), list.begin(), list.end());
  }
  return inhabited;
}

// ---- Choices and conditions ----

void drop_dead(std::vector<EntryChoice>& choices, const Inhabited& inhabited) {
  std::erase_if(choices, [&](const EntryChoice& choice) { return !inhabited[choice.value]; });
}

// `covers`: counting for more conditions is never worse, as none has a maximum.
void drop_repeats(std::vector<EntryChoice>& choices, bool covers) {
  for (size_t i = 0; i < choices.size();) {
    bool repeats = false;
    for (size_t j = 0; j < choices.size() && !repeats; ++j) {
      if (i == j || choices[i].value != choices[j].value) continue;
      bool same = choices[i].counts == choices[j].counts;
      repeats = same ? j < i : covers && (choices[i].counts & ~choices[j].counts) == 0;
    }
    if (repeats) {
      choices.erase(choices.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

// Takes the conditions in `gone` out of every choice and renumbers the others.
template <class Each>
void drop_conditions(std::vector<CountedCondition>& conditions, uint32_t gone, const Each& for_each_list) {
  if (gone == 0) return;
  std::vector<CountedCondition> kept;
  std::vector<size_t> from;
  for (size_t i = 0; i < conditions.size(); ++i) {
    if ((gone >> i & 1) != 0) continue;
    kept.push_back(conditions[i]);
    from.push_back(i);
  }
  for_each_list([&](std::vector<EntryChoice>& choices) {
    for (EntryChoice& choice : choices) {
      uint32_t counts = 0;
      for (size_t i = 0; i < from.size(); ++i) counts |= (choice.counts >> from[i] & 1) << i;
      choice.counts = counts;
    }
  });
  conditions = std::move(kept);
}

bool all_count(const std::vector<EntryChoice>& choices, uint32_t bit) {
  return std::all_of(choices.begin(), choices.end(), [&](const EntryChoice& each) { return (each.counts & bit) != 0; });
}

bool any_counts(const std::vector<EntryChoice>& choices, uint32_t bit) {
  return std::any_of(choices.begin(), choices.end(), [&](const EntryChoice& each) { return (each.counts & bit) != 0; });
}

// ---- Arrays ----

void simplify(const ValueGrammar& grammar, ArrayShape& shape, const Inhabited& inhabited) {
  shape.max_items = most_items(grammar, shape, inhabited);
  if (shape.max_items && static_cast<int64_t>(shape.prefix.size()) >= *shape.max_items) {
    shape.prefix.resize(static_cast<size_t>(*shape.max_items));
    shape.rest.clear();
  }
  auto each_list = [&](const auto& visit) {
    for (auto& choices : shape.prefix) visit(choices);
    visit(shape.rest);
  };
  each_list([&](std::vector<EntryChoice>& choices) { drop_dead(choices, inhabited); });
  uint32_t gone = 0;
  for (size_t i = 0; i < shape.conditions.size(); ++i) {
    CountedCondition& condition = shape.conditions[i];
    uint32_t bit = uint32_t{1} << i;
    bool always = true, ever = false;
    each_list([&](std::vector<EntryChoice>& choices) {
      always = always && all_count(choices, bit);
      ever = ever || any_counts(choices, bit);
    });
    if (always && ever) {  // the condition counts the items
      shape.min_items = std::max(shape.min_items, condition.min);
      if (condition.max) shape.max_items = std::min(shape.max_items.value_or(*condition.max), *condition.max);
    }
    if (condition.max && shape.max_items && *condition.max >= *shape.max_items) condition.max.reset();
    if (always || !ever || (condition.min == 0 && !condition.max)) gone |= bit;
  }
  drop_conditions(shape.conditions, gone, each_list);
  bool covers = std::none_of(shape.conditions.begin(), shape.conditions.end(),
                             [](const CountedCondition& condition) { return condition.max.has_value(); });
  each_list([&](std::vector<EntryChoice>& choices) { drop_repeats(choices, covers); });
  if (shape.max_items && static_cast<int64_t>(shape.prefix.size()) >= *shape.max_items) {
    shape.prefix.resize(static_cast<size_t>(*shape.max_items));
    shape.rest.clear();
  }
}

// ---- Objects ----

// Keys that nothing may stand under are no class's keys.
void drop_dead_classes(ObjectShape& shape, const Inhabited& inhabited) {
  std::vector<std::vector<EntryChoice>> kept;
  std::vector<uint8_t> labels{0};
  for (auto& choices : shape.classes) {
    drop_dead(choices, inhabited);
    labels.push_back(choices.empty() ? 0 : static_cast<uint8_t>(kept.size() + 1));
    if (!choices.empty()) kept.push_back(std::move(choices));
  }
  bool changed = kept.size() != shape.classes.size();
  shape.classes = std::move(kept);
  if (shape.other_keys == nullptr || !changed) return;
  shape.other_keys = shape.classes.empty() ? nullptr : relabelled(*shape.other_keys, labels);
}

// Conditions that one property alone can satisfy make it required; conditions that hold anyway go.
void simplify_conditions(ObjectShape& shape) {
  auto each_list = [&](const auto& visit) {
    for (auto& property : shape.properties) visit(property.choices);
    for (auto& choices : shape.classes) visit(choices);
  };
  uint32_t gone = 0;
  for (size_t i = 0; i < shape.conditions.size(); ++i) {
    uint32_t bit = uint32_t{1} << i;
    ObjectShape::Property* only = nullptr;
    size_t counting = 0;
    bool holds = false;
    for (auto& property : shape.properties) {
      if (!any_counts(property.choices, bit)) continue;
      ++counting;
      only = &property;
      holds = holds || (property.required && all_count(property.choices, bit));
    }
    for (const auto& choices : shape.classes) counting += any_counts(choices, bit) ? 2 : 0;
    if (counting == 1 && !holds) {
      only->required = true;
      std::erase_if(only->choices, [&](const EntryChoice& choice) { return (choice.counts & bit) == 0; });
      holds = true;
    }
    if (holds) gone |= bit;
  }
  drop_conditions(shape.conditions, gone, each_list);
  each_list([&](std::vector<EntryChoice>& choices) { drop_repeats(choices, true); });
}

// Properties that cannot be there, and that no class would let in, need no mention.
void drop_properties(ObjectShape& shape) {
  if (!shape.classes.empty() && shape.other_keys == nullptr) return;
  std::vector<int32_t> index;
  std::vector<ObjectShape::Property> kept;
  for (auto& property : shape.properties) {
    index.push_back(property.choices.empty() ? -1 : static_cast<int32_t>(kept.size()));
    if (!property.choices.empty()) kept.push_back(std::move(property));
  }
  shape.properties = std::move(kept);
  std::erase_if(shape.dependencies, [&](const ObjectShape::Dependency& dependency) {
    return index[static_cast<size_t>(dependency.trigger)] < 0;
  });
  for (ObjectShape::Dependency& dependency : shape.dependencies) {
    dependency.trigger = index[static_cast<size_t>(dependency.trigger)];
    for (int32_t& need : dependency.needs) need = index[static_cast<size_t>(need)];
  }
}

// False: there is no such object.
Result<bool> simplify(ObjectShape& shape, const Inhabited& inhabited, Budget& budget) {
  // Once more after conditions have become requirements, for what these bring with them.
  for (int round = 0; round < 2; ++round) {
    TRY_ASSIGN(std::optional<Presence> present, presence(shape, inhabited, budget));
    if (!present) return false;
    for (size_t i = 0; i < shape.properties.size(); ++i) {
      ObjectShape::Property& property = shape.properties[i];
      drop_dead(property.choices, inhabited);
      if (present->possible[i] == 0) property.choices.clear();
      property.required = present->required[i] != 0;
    }
    if (round == 0) {
      drop_dead_classes(shape, inhabited);
      simplify_conditions(shape);
    }
  }
  auto is_required = [&](int32_t i) { return shape.properties[static_cast<size_t>(i)].required; };
  std::erase_if(shape.dependencies, [&](const ObjectShape::Dependency& dependency) {
    return shape.properties[static_cast<size_t>(dependency.trigger)].choices.empty() ||
           std::all_of(dependency.needs.begin(), dependency.needs.end(), is_required);
  });
  drop_properties(shape);
  return true;
}

// ---- Alternatives ----

bool same(const EntryChoice& a, const EntryChoice& b) { return a.value == b.value && a.counts == b.counts; }

bool same(const std::vector<EntryChoice>& a, const std::vector<EntryChoice>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const EntryChoice& x, const EntryChoice& y) { return same(x, y); });
}

bool same(const std::vector<CountedCondition>& a, const std::vector<CountedCondition>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const CountedCondition& x, const CountedCondition& y) {
    return x.min == y.min && x.max == y.max;
  });
}

bool same_frame(const ArrayShape& a, const ArrayShape& b) {
  return a.min_items == b.min_items && a.max_items == b.max_items && a.unique == b.unique &&
         a.prefix.size() == b.prefix.size() && same(a.conditions, b.conditions);
}

bool same_frame(const ObjectShape& a, const ObjectShape& b) {
  if (a.properties.size() != b.properties.size() || a.classes.size() != b.classes.size()) return false;
  if (a.min_properties != b.min_properties || a.max_properties != b.max_properties) return false;
  if ((a.other_keys == nullptr) != (b.other_keys == nullptr) || !same(a.conditions, b.conditions)) return false;
  if (a.other_keys != nullptr && !dfa::equal(*a.other_keys, *b.other_keys)) return false;
  for (size_t i = 0; i < a.properties.size(); ++i) {
    if (a.properties[i].required != b.properties[i].required || a.properties[i].key != b.properties[i].key)
      return false;
  }
  return std::equal(a.dependencies.begin(), a.dependencies.end(), b.dependencies.begin(), b.dependencies.end(),
                    [](const auto& x, const auto& y) { return x.trigger == y.trigger && x.needs == y.needs; });
}

std::vector<std::vector<EntryChoice>*> lists(ArrayShape& shape) {
  std::vector<std::vector<EntryChoice>*> out;
  for (auto& choices : shape.prefix) out.push_back(&choices);
  out.push_back(&shape.rest);
  return out;
}

std::vector<std::vector<EntryChoice>*> lists(ObjectShape& shape) {
  std::vector<std::vector<EntryChoice>*> out;
  for (auto& property : shape.properties) out.push_back(&property.choices);
  for (auto& choices : shape.classes) out.push_back(&choices);
  return out;
}

// Where the choices of several entries can be taken from either, the union of two alternatives is more than both.
bool may_widen(const ArrayShape& shape, size_t list) { return list < shape.prefix.size(); }
bool may_widen(const ObjectShape& shape, size_t list) { return list < shape.properties.size(); }

// Makes `a` the union of both, where they differ in nothing or in one entry.
template <class Shape>
bool merge(Shape& a, Shape& b) {
  if (!same_frame(a, b)) return false;
  auto mine = lists(a), other = lists(b);
  std::optional<size_t> different;
  for (size_t i = 0; i < mine.size(); ++i) {
    if (same(*mine[i], *other[i])) continue;
    if (different || mine[i]->empty() || other[i]->empty() || !may_widen(a, i)) return false;
    different = i;
  }
  if (different) {
    mine[*different]->insert(mine[*different]->end(), other[*different]->begin(), other[*different]->end());
    drop_repeats(*mine[*different], false);
  }
  return true;
}

template <class Shape>
Status merge_alternatives(std::vector<Shape>& shapes, Budget& budget) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    for (size_t j = i + 1; j < shapes.size();) {
      TRY(budget.spend(16));
      if (merge(shapes[i], shapes[j])) {
        shapes.erase(shapes.begin() + static_cast<std::ptrdiff_t>(j));
        j = i + 1;
      } else {
        ++j;
      }
    }
  }
  return {};
}

Status simplify(ValueGrammar& grammar, ValueShape& shape, const Inhabited& inhabited, Budget& budget) {
  std::vector<ArrayShape> arrays;
  for (ArrayShape& array : shape.arrays) {
    TRY_ASSIGN(bool satisfiable, is_satisfiable(grammar, array, inhabited, budget));
    if (!satisfiable) continue;
    simplify(grammar, array, inhabited);
    arrays.push_back(std::move(array));
  }
  shape.arrays = std::move(arrays);
  std::vector<ObjectShape> objects;
  for (ObjectShape& object : shape.objects) {
    TRY_ASSIGN(bool satisfiable, simplify(object, inhabited, budget));
    if (satisfiable) objects.push_back(std::move(object));
  }
  shape.objects = std::move(objects);
  TRY(merge_alternatives(shape.arrays, budget));
  return merge_alternatives(shape.objects, budget);
}

// Renumbers the values that the root reaches.
void drop_unreachable(ValueGrammar& grammar) {
  std::vector<ValueId> id(grammar.values.size(), kNoValue), order{grammar.root};
  id[static_cast<size_t>(grammar.root)] = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    for_each_choice(grammar.values[static_cast<size_t>(order[i])], [&](ValueId value) {
      ValueId& to = id[static_cast<size_t>(value)];
      if (to != kNoValue) return;
      to = static_cast<ValueId>(order.size());
      order.push_back(value);
    });
  }
  std::vector<ValueShape> values;
  for (ValueId old : order) {
    ValueShape shape = std::move(grammar.values[static_cast<size_t>(old)]);
    auto renumber = [&](std::vector<EntryChoice>& choices) {
      for (EntryChoice& choice : choices) choice.value = id[static_cast<size_t>(choice.value)];
    };
    for (ArrayShape& array : shape.arrays) {
      for (auto* choices : lists(array)) renumber(*choices);
    }
    for (ObjectShape& object : shape.objects) {
      for (auto* choices : lists(object)) renumber(*choices);
    }
    values.push_back(std::move(shape));
  }
  grammar.values = std::move(values);
  grammar.root = 0;
}

}  // namespace

Status prune(ValueGrammar& grammar, Budget& budget) {
  if (grammar.root == kNoValue) return {};
  TRY_ASSIGN(Inhabited inhabited, find_inhabited(grammar, budget));
  if (!inhabited[grammar.root]) {
    grammar.root = kNoValue;
    return {};
  }
  for (ValueShape& shape : grammar.values) TRY(simplify(grammar, shape, inhabited, budget));
  drop_unreachable(grammar);
  return {};
}

}  // namespace weft::schema
