// The part of the machine that keeps the items of an array apart: the text of each item is recorded while it is read,
// and its value compared when it is complete. Where only so many strings or numbers are possible, an item is given up
// as soon as all that it can become are there; arrays and objects as items are taken to be of endless variety.
#include <algorithm>
#include <string>

#include "base/json.h"
#include "base/utf8.h"
#include "grammar/json_escapes.h"
#include "grammar/json_value_key.h"
#include "grammar/machine.h"
#include "grammar/word_count.h"

namespace weft {

namespace {

bool list_has(const StateArena& arena, int32_t list, uint64_t hash) {
  auto low = static_cast<int32_t>(static_cast<uint32_t>(hash));
  auto high = static_cast<int32_t>(static_cast<uint32_t>(hash >> 32));
  for (; list >= 0; list = arena.cell(list).next) {
    if (arena.cell(list).a == low && arena.cell(list).b == high) return true;
  }
  return false;
}

// The text as it stands inside quotes.
std::string json_text(const std::string& word) {
  std::string quoted;
  append_json_string(quoted, word);
  return quoted.substr(1, quoted.size() - 2);
}

int64_t list_length(const StateArena& arena, int32_t list) {
  int64_t length = 0;
  for (; list >= 0; list = arena.cell(list).next) ++length;
  return length;
}

}  // namespace

std::string Machine::recorded(int32_t record, int32_t from) const {
  std::string text;
  for (; record != from && record > 0; record = arena_.cell(record).next) {
    text += static_cast<char>(arena_.cell(record).a);
  }
  std::reverse(text.begin(), text.end());
  return text;
}

// False: the array has this item already.
bool Machine::add_unique_item(Frame& array, int32_t record) {
  uint64_t hash = json_value_key(recorded(record, array.u));
  if (list_has(arena_, array.w, hash)) return false;
  array.w = arena_.add_cell(static_cast<int32_t>(static_cast<uint32_t>(hash)),
                            static_cast<int32_t>(static_cast<uint32_t>(hash >> 32)), array.w);
  return true;
}

// Whether a string, number or literal can still become an item that the array does not have.
bool Machine::unique_item_is_alive(const Frame& thread) {
  const Frame array = arena_.frame(thread.parent);
  if (array.kind != FrameKind::kArrayNext || !tables_->array(array.x).shape->unique || array.w < 0) return true;
  if (thread.kind == FrameKind::kLiteral) {
    constexpr std::string_view kTexts[] = {"null", "true", "false"};
    return !list_has(arena_, array.w, json_value_key(kTexts[thread.x]));
  }
  bool string = thread.kind == FrameKind::kString;
  if (!string && thread.kind != FrameKind::kNumber) return true;
  int32_t automaton = string ? tables_->string(thread.x).automaton : thread.x;
  if (tables_->words_left(automaton, thread.y) > list_length(arena_, array.w)) return true;
  std::string text = recorded(thread.record, array.u);
  // A begun escape is written anew with the character that it becomes.
  if (string && thread.z != 0) text.resize(open_escape(text));
  CharacterRanges characters = escape_characters(thread.z == 0 ? kAfterBackslash : thread.z);
  return find_word(tables_->automaton(automaton), thread.y, [&](const std::string& word) {
    size_t position = 0;
    if (string && thread.z != 0 && (word.empty() || !characters.contains(decode_utf8(word, position)))) return false;
    return !list_has(arena_, array.w, json_value_key(string ? text + json_text(word) + "\"" : text + word));
  });
}

bool Machine::unseen_item_exists(const Frame& array) const {
  const ArrayTable& table = tables_->array(array.x);
  auto position = std::min(static_cast<size_t>(array.y), table.item_keys.size() - 1);
  const auto& keys = table.item_keys[position];
  return !keys || std::any_of(keys->begin(), keys->end(), [&](uint64_t k) { return !list_has(arena_, array.w, k); });
}

}  // namespace weft
