// The part of the machine that keeps the items of an array apart: the text of each item is recorded while it is read,
// and its value compared when it is complete.
#include <algorithm>
#include <string>

#include "grammar/json_value_key.h"
#include "grammar/machine.h"

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

bool Machine::unique_item_is_alive(const Frame& /*thread*/) { return true; }
bool Machine::unseen_item_exists(const Frame& /*array*/) { return true; }

}  // namespace weft
