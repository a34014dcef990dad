// The part of the machine that follows arrays and objects.
#include <algorithm>

#include "grammar/machine.h"

namespace weft {

size_t Machine::FrameKeyHash::operator()(const Frame& frame) const {
  size_t hash = static_cast<size_t>(frame.x) * 0x9E3779B97F4A7C15ull + static_cast<size_t>(frame.w);
  hash = hash * 0x9E3779B97F4A7C15ull + static_cast<size_t>(frame.z);
  return hash * 0x9E3779B97F4A7C15ull + static_cast<size_t>(frame.y) + frame.depth;
}

Frame Machine::container_frame(FrameKind kind, const Frame& under, int32_t table) {
  const auto& conditions = kind == FrameKind::kArrayFirst ? tables_->array(table).shape->conditions
                                                          : tables_->object(table).shape.conditions;
  return {.kind = kind,
          .depth = static_cast<uint16_t>(under.depth + 1),
          .parent = under.parent,
          .record = under.record,
          .x = table,
          .z = conditions.empty() ? kNoCell : store_counts(no_counts(conditions)),
          .w = kNoCell,
          .u = kNoCell};
}

ConditionCounts Machine::read_counts(const std::vector<CountedCondition>& conditions, int32_t cell) const {
  ConditionCounts counts(conditions.size(), 0);
  for (size_t i = 0; cell >= 0; cell = arena_.cell(cell).next, ++i) counts[i] = arena_.cell(cell).a;
  return counts;
}

int32_t Machine::store_counts(const ConditionCounts& counts) {
  int32_t cell = kNoCell;
  for (size_t i = counts.size(); i-- > 0;) cell = arena_.add_cell(counts[i], -1, cell);
  return cell;
}

std::vector<uint64_t> Machine::read_seen(int32_t cell) const {
  std::vector<uint64_t> words;
  for (; cell >= 0; cell = arena_.cell(cell).next) {
    const Cell& word = arena_.cell(cell);
    words.push_back((static_cast<uint64_t>(static_cast<uint32_t>(word.b)) << 32) | static_cast<uint32_t>(word.a));
  }
  return words;
}

bool Machine::seen(int32_t cell, int32_t property) const {
  for (int32_t word = property / 64; cell >= 0; cell = arena_.cell(cell).next, --word) {
    if (word != 0) continue;
    int32_t half = property % 64 < 32 ? arena_.cell(cell).a : arena_.cell(cell).b;
    return ((static_cast<uint32_t>(half) >> (property % 32)) & 1) != 0;
  }
  return false;
}

int32_t Machine::store_seen(int32_t cell, int32_t property, size_t properties) {
  std::vector<uint64_t> words = read_seen(cell);
  words.resize((properties + 63) / 64, 0);
  words[static_cast<size_t>(property) / 64] |= uint64_t{1} << (property % 64);
  int32_t stored = kNoCell;
  for (size_t w = words.size(); w-- > 0;) {
    stored = arena_.add_cell(static_cast<int32_t>(static_cast<uint32_t>(words[w])),
                             static_cast<int32_t>(static_cast<uint32_t>(words[w] >> 32)), stored);
  }
  return stored;
}

// Arrays.

bool Machine::array_may_end(const Frame& array) const {
  const ArrayTable& table = tables_->array(array.x);
  if (table.plain) return array.y >= table.shape->min_items;
  return rules_.array_may_end(table, array.y, read_counts(table.shape->conditions, array.z));
}

// Whether one more item may come: the array can be finished after it.
bool Machine::item_possible(const Frame& array) {
  const ArrayTable& table = tables_->array(array.x);
  const ArrayShape& shape = *table.shape;
  if (array.y >= table.longest) return false;
  auto position = static_cast<size_t>(array.y);
  const auto& choices = position < shape.prefix.size() ? shape.prefix[position] : shape.rest;
  if (!std::any_of(choices.begin(), choices.end(), [&](const EntryChoice& c) { return item_choice(array, c); })) {
    return false;
  }
  return !shape.unique || unseen_item_exists(array);
}

bool Machine::item_choice(const Frame& array, const EntryChoice& choice) const {
  const ArrayTable& table = tables_->array(array.x);
  if (!rules_.may_enter(choice, room(array))) return false;
  if (table.plain && room(array) >= tables_->max_height()) return true;
  ConditionCounts counts =
      add_counts(table.shape->conditions, read_counts(table.shape->conditions, array.z), choice.counts);
  if (counts_exceed_maximum(table.shape->conditions, counts)) return false;
  return rules_.array_can_finish(table, int64_t{array.y} + 1, counts, room(array));
}

void Machine::start_item(const Frame& array, uint8_t byte) {
  const ArrayTable& table = tables_->array(array.x);
  const ArrayShape& shape = *table.shape;
  if (array.y >= table.longest) return;
  auto position = static_cast<size_t>(array.y);
  const auto& choices = position < shape.prefix.size() ? shape.prefix[position] : shape.rest;
  for (const EntryChoice& choice : choices) {
    if (!item_choice(array, choice)) continue;
    Frame after = array;
    after.kind = FrameKind::kArrayNext;
    after.ws = 0;
    after.y = std::min(after.y + 1, table.last_index);
    if (!table.plain) {
      after.z = store_counts(add_counts(shape.conditions, read_counts(shape.conditions, array.z), choice.counts));
    }
    Frame under = array;
    if (shape.unique) {
      after.u = std::max(array.record, 0);
      under.record = after.u;
    }
    under.parent = push(after);
    start_value(choice.value, under, byte, shape.unique);
  }
}

void Machine::step_array(Frame thread, uint8_t byte) {
  Frame after = thread;
  if (read_whitespace(after, byte)) return emit(after, byte);
  if (!whitespace_may_end(thread.ws)) return;
  if (byte == ']' && thread.kind != FrameKind::kArrayItem) {
    if (!array_may_end(thread)) return;
    --thread.depth;
    return close_value(thread, byte);
  }
  if (thread.kind != FrameKind::kArrayNext) return start_item(thread, byte);
  if (byte != ',' || !item_possible(thread)) return;
  thread.kind = FrameKind::kArrayItem;
  thread.ws = 0;
  emit(thread, byte);
}

// Objects.

// Everything that can be filled may come at any time, and only what is required is asked for.
bool Machine::is_plain(const Frame& object) const {
  return tables_->object(object.x).plain && room(object) >= tables_->max_height();
}

bool Machine::object_may_end(const Frame& object) const {
  const ObjectTable& table = tables_->object(object.x);
  std::vector<uint64_t> words = read_seen(object.w);
  ConditionCounts counts = read_counts(table.shape.conditions, object.z);
  return rules_.object_may_end(table, {.seen = words, .count = object.y, .counts = &counts});
}

// With one more property (-1: an other key) by this choice, the object can still be finished.
bool Machine::choice_possible(const Frame& object, const EntryChoice& choice, int32_t property) const {
  const ObjectTable& table = tables_->object(object.x);
  if (!rules_.may_enter(choice, room(object))) return false;
  if (is_plain(object)) return true;
  ConditionCounts counts =
      add_counts(table.shape.conditions, read_counts(table.shape.conditions, object.z), choice.counts);
  if (counts_exceed_maximum(table.shape.conditions, counts)) return false;
  std::vector<uint64_t> words = read_seen(object.w);
  if (property >= 0) {
    words.resize(table.required.size(), 0);
    words[static_cast<size_t>(property) / 64] |= uint64_t{1} << (property % 64);
  }
  return rules_.object_can_finish(table, {.seen = words, .count = int64_t{object.y} + 1, .counts = &counts},
                                  room(object));
}

const Machine::Admitted& Machine::admitted(const Frame& object) {
  Frame key = object;
  key.kind = FrameKind::kObjectKey;
  key.parent = key.record = key.ws = key.u = 0;
  auto [at, added] = admitted_.try_emplace(key);
  if (!added) return at->second;
  Admitted& result = at->second;
  const ObjectTable& table = tables_->object(object.x);
  auto possible = [&](const std::vector<EntryChoice>& choices, int32_t property) {
    return std::any_of(choices.begin(), choices.end(),
                       [&](const EntryChoice& choice) { return choice_possible(object, choice, property); });
  };
  result.properties.assign(table.required.size(), 0);
  for (size_t i = 0; i < table.shape.properties.size(); ++i) {
    auto property = static_cast<int32_t>(i);
    if (!has_bit(table.possible, i) || seen(object.w, property)) continue;
    if (possible(table.shape.properties[i].choices, property)) {
      result.properties[i / 64] |= uint64_t{1} << (i % 64);
    }
  }
  for (size_t c = 0; c < table.shape.classes.size() && table.other_automaton >= 0; ++c) {
    if (possible(table.shape.classes[c], -1)) result.labels |= uint64_t{1} << std::min<size_t>(c, 63);
  }
  return result;
}

bool Machine::property_admitted(const Frame& object, int32_t property) {
  auto index = static_cast<size_t>(property);
  if (!is_plain(object)) return has_bit(admitted(object).properties, index);
  return has_bit(tables_->object(object.x).possible, index) && !seen(object.w, property);
}

bool Machine::any_property_admitted(const Frame& object, int32_t first, int32_t last) {
  for (int32_t i = first; i < last; ++i) {
    if (property_admitted(object, i)) return true;
  }
  return false;
}

uint64_t Machine::labels_admitted(const Frame& object) {
  const ObjectTable& table = tables_->object(object.x);
  if (table.other_automaton < 0) return 0;
  return is_plain(object) ? table.label_reach[0] : admitted(object).labels;
}

bool Machine::other_keys_are_free(const Frame& object) {
  const ObjectTable& table = tables_->object(object.x);
  return table.other_keys_free && labels_admitted(object) == table.label_reach[0];
}

bool Machine::key_possible(const Frame& object) {
  const ObjectTable& table = tables_->object(object.x);
  if (labels_admitted(object) != 0) return true;
  return any_property_admitted(object, 0, static_cast<int32_t>(table.shape.properties.size()));
}

bool Machine::has_other_key(const Frame& object, int32_t text) const {
  for (int32_t key = object.u; key >= 0; key = arena_.cell(key).next) {
    if (arena_.cell(key).a == text) return true;
  }
  return false;
}

// The object after the property's value, which is entered now.
Frame Machine::object_with(const Frame& object, const EntryChoice& choice, int32_t property, int32_t text) {
  const ObjectTable& table = tables_->object(object.x);
  const ObjectShape& shape = table.shape;
  Frame after = object;
  after.kind = FrameKind::kObjectNext;
  after.ws = 0;
  if (shape.max_properties || after.y < shape.min_properties) ++after.y;
  if (property >= 0) {
    after.w = store_seen(object.w, property, shape.properties.size());
  } else {
    after.u = arena_.add_pointer(text, -1, object.u);
  }
  if (!shape.conditions.empty()) {
    after.z = store_counts(add_counts(shape.conditions, read_counts(shape.conditions, object.z), choice.counts));
  }
  return after;
}

void Machine::step_colon(Frame thread, uint8_t byte) {
  if (read_whitespace(thread, byte)) return emit(thread, byte);
  if (byte != ':' || !whitespace_may_end(thread.ws)) return;
  Frame object = arena_.frame(thread.parent);
  const ObjectShape& shape = tables_->object(object.x).shape;
  int32_t property = std::max(thread.x, -1);
  const auto& choices = thread.x >= 0 ? shape.properties[static_cast<size_t>(thread.x)].choices
                                      : shape.classes[static_cast<size_t>(-thread.x) - 1];
  for (const EntryChoice& choice : choices) {
    if (!choice_possible(object, choice, thread.x >= 0 ? property : -1)) continue;
    Frame after = object_with(object, choice, thread.x >= 0 ? property : -1, thread.w);
    after.record = thread.record;
    Frame value{.kind = FrameKind::kValue,
                .depth = object.depth,
                .parent = push(after),
                .record = thread.record,
                .x = choice.value};
    emit(value, byte);
  }
}

void Machine::step_object(Frame thread, uint8_t byte) {
  Frame after = thread;
  if (read_whitespace(after, byte)) return emit(after, byte);
  if (!whitespace_may_end(thread.ws)) return;
  if (byte == '}' && thread.kind != FrameKind::kObjectKey) {
    if (!object_may_end(thread)) return;
    --thread.depth;
    return close_value(thread, byte);
  }
  if (thread.kind == FrameKind::kObjectNext) {
    if (byte != ',' || !key_possible(thread)) return;
    thread.kind = FrameKind::kObjectKey;
    thread.ws = 0;
    return emit(thread, byte);
  }
  if (byte != '"' || !key_possible(thread)) return;
  thread.ws = 0;
  thread.kind = FrameKind::kObjectKey;
  const ObjectTable& table = tables_->object(thread.x);
  bool others = labels_admitted(thread) != 0;
  Frame key{.kind = FrameKind::kKey,
            .depth = thread.depth,
            .parent = push(thread),
            .record = thread.record,
            .x = table.shape.properties.empty() ? -1 : 0,
            .y = others ? 0 : -1,
            .w = others ? 0 : kNoCell};
  emit(key, byte);
}

}  // namespace weft
