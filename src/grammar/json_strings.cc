// The part of the machine that reads strings and keys: escapes are decoded, and the text steps the automata.
#include "grammar/json_strings.h"

#include <algorithm>

#include "base/utf8.h"
#include "grammar/character_search.h"
#include "grammar/json_escapes.h"
#include "grammar/machine.h"

namespace weft {

namespace {

bool begins_character(uint8_t byte) { return (byte & 0xC0) != 0x80; }

}  // namespace

bool string_is_alive(const MachineTables& tables, const StringTable& table, const StringState& at) {
  if (!table.ranged) return true;
  MachineTables::CharsLeft left = tables.chars_left(table.automaton, at.state);
  if (table.max_chars && left.min > *table.max_chars - at.chars) return false;
  return left.max == INT32_MAX || int64_t{at.chars} + left.max >= table.min_chars;
}

bool string_may_end(const MachineTables& tables, const StringTable& table, const StringState& at) {
  const Dfa& dfa = tables.automaton(table.automaton);
  if (at.escape != 0 || dfa.accepting[static_cast<size_t>(at.state)] == 0) return false;
  return !table.ranged || (at.chars >= table.min_chars && (!table.max_chars || at.chars <= *table.max_chars));
}

namespace {

bool escape_is_alive(const MachineTables& tables, const StringTable& table, const StringState& at) {
  CharacterRanges characters = escape_characters(at.escape);
  const Dfa& dfa = tables.automaton(table.automaton);
  if (table.automaton == tables.any_text() && !table.ranged) return dfa.accepting[static_cast<size_t>(at.state)] != 0;
  auto alive = [&](int32_t state) { return string_is_alive(tables, table, {state, 0, at.chars}); };
  for (int i = 0; i < characters.count; ++i) {
    CharacterRange range = characters.ranges[static_cast<size_t>(i)];
    if (any_character(dfa, at.state, range.first, range.last, alive)) return true;
  }
  return false;
}

void count_character(const StringTable& table, StringState& at) {
  if (!table.ranged) return;
  int64_t most = table.max_chars.value_or(table.min_chars - 1) + 1;
  at.chars = static_cast<int32_t>(std::min<int64_t>({int64_t{at.chars} + 1, most, INT32_MAX - 1}));
}

}  // namespace

bool step_string(const MachineTables& tables, const StringTable& table, StringState& at, uint8_t byte) {
  const Dfa& dfa = tables.automaton(table.automaton);
  if (at.escape != 0) {
    EscapeStep step = step_escape(at.escape, byte);
    if (step.kind == EscapeStep::Kind::kRefused) return false;
    at.escape = step.state;
    if (step.kind == EscapeStep::Kind::kPartial) return escape_is_alive(tables, table, at);
    std::string text;
    append_utf8(text, step.character);
    at.state = dfa.run(at.state, text);
    return at.state >= 0 && string_is_alive(tables, table, at);
  }
  if (byte < 0x20) return false;
  if (byte == '\\') {
    at.escape = kAfterBackslash;
    count_character(table, at);
    return escape_is_alive(tables, table, at);
  }
  at.state = dfa.step(at.state, byte);
  if (at.state < 0) return false;
  if (begins_character(byte)) count_character(table, at);
  return string_is_alive(tables, table, at);
}

void Machine::step_string(Frame thread, uint8_t byte) {
  const StringTable& table = tables_->string(thread.x);
  StringState at{thread.y, thread.z, thread.w};
  if (at.escape == 0 && byte == '"') {
    if (string_may_end(*tables_, table, at)) close_value(thread, byte);
    return;
  }
  if (!weft::step_string(*tables_, table, at, byte)) return;
  thread.y = at.state;
  thread.z = at.escape;
  thread.w = at.chars;
  emit(thread, byte);
}

// A byte of the key's text, as UTF-8. False: no key is like this.
bool Machine::key_byte(Frame& thread, uint8_t byte) {
  const ObjectTable& table = tables_->object(arena_.frame(thread.parent).x);
  if (thread.x >= 0) thread.x = table.keys.step(thread.x, byte);
  if (thread.y >= 0) {
    thread.y = tables_->automaton(table.other_automaton).step(thread.y, byte);
    thread.w = thread.y >= 0 ? arena_.add_cell(byte, 0, thread.w) : kNoCell;
  }
  return thread.x >= 0 || thread.y >= 0;
}

bool Machine::key_is_alive(const Frame& thread) {
  const Frame object = arena_.frame(thread.parent);
  const ObjectTable& table = tables_->object(object.x);
  if (thread.y >= 0 && (table.label_reach[static_cast<size_t>(thread.y)] & labels_admitted(object)) != 0) return true;
  if (thread.x < 0) return false;
  const KeyTrie::Node& node = table.keys.nodes[static_cast<size_t>(thread.x)];
  return any_property_admitted(object, node.first, node.last);
}

bool Machine::key_escape_is_alive(const Frame& thread) {
  const Frame object = arena_.frame(thread.parent);
  const ObjectTable& table = tables_->object(object.x);
  CharacterRanges characters = escape_characters(thread.z);
  if (thread.y >= 0) {
    uint64_t labels = labels_admitted(object);
    auto alive = [&](int32_t state) { return (table.label_reach[static_cast<size_t>(state)] & labels) != 0; };
    const Dfa& dfa = tables_->automaton(table.other_automaton);
    for (int i = 0; i < characters.count; ++i) {
      CharacterRange range = characters.ranges[static_cast<size_t>(i)];
      if (any_character(dfa, thread.y, range.first, range.last, alive)) return true;
    }
  }
  if (thread.x < 0) return false;
  // Outside of escapes the prefix is whole characters, the same for all of the node's keys.
  size_t prefix = 0;
  for (int32_t node = 0; node != thread.x; ++prefix) {
    const KeyTrie::Node& below = table.keys.nodes[static_cast<size_t>(thread.x)];
    const std::string& key = table.shape.properties[static_cast<size_t>(below.first)].key;
    node = table.keys.step(node, static_cast<uint8_t>(key[prefix]));
  }
  const KeyTrie::Node& node = table.keys.nodes[static_cast<size_t>(thread.x)];
  for (int32_t i = node.first; i < node.last; ++i) {
    const std::string& key = table.shape.properties[static_cast<size_t>(i)].key;
    size_t position = prefix;
    if (position >= key.size() || !begins_character(static_cast<uint8_t>(key[position]))) continue;
    if (!characters.contains(decode_utf8(key, position))) continue;
    if (property_admitted(object, i)) return true;
  }
  return false;
}

void Machine::step_key(Frame thread, uint8_t byte) {
  if (thread.z != 0) {
    EscapeStep step = step_escape(thread.z, byte);
    if (step.kind == EscapeStep::Kind::kRefused) return;
    thread.z = step.state;
    if (step.kind == EscapeStep::Kind::kPartial) {
      if (key_escape_is_alive(thread)) emit(thread, byte);
      return;
    }
    std::string text;
    append_utf8(text, step.character);
    for (char part : text) {
      if (!key_byte(thread, static_cast<uint8_t>(part))) return;
    }
    if (key_is_alive(thread)) emit(thread, byte);
    return;
  }
  if (byte == '"') return end_key(thread);
  if (byte < 0x20) return;
  if (byte == '\\') {
    thread.z = kAfterBackslash;
    if (key_escape_is_alive(thread)) emit(thread, byte);
    return;
  }
  if (key_byte(thread, byte) && key_is_alive(thread)) emit(thread, byte);
}

void Machine::end_key(const Frame& thread) {
  const Frame object = arena_.frame(thread.parent);
  const ObjectTable& table = tables_->object(object.x);
  Frame colon{
      .kind = FrameKind::kColon, .depth = thread.depth, .parent = thread.parent, .record = thread.record, .w = kNoCell};
  if (thread.x >= 0 && table.keys.nodes[static_cast<size_t>(thread.x)].property >= 0) {
    colon.x = table.keys.nodes[static_cast<size_t>(thread.x)].property;
    if (property_admitted(object, colon.x)) emit(colon, '"');
    return;
  }
  if (thread.y < 0) return;
  const Dfa& dfa = tables_->automaton(table.other_automaton);
  int label = dfa.accepting[static_cast<size_t>(thread.y)];
  if (label == 0 || ((labels_admitted(object) >> std::min(label - 1, 63)) & 1) == 0) return;
  if (has_other_key(object, thread.w)) return;
  colon.x = -label;
  colon.w = thread.w;
  emit(colon, '"');
}

}  // namespace weft
