// Whether an automaton over UTF-8 can read some character of a range.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/utf8.h"
#include "grammar/dfa.h"

namespace weft {

namespace character_search {

struct Bounds {  // of one encoded length
  std::string first, last;
};

// Bytes from `level` on; `at_first`, `at_last`: the bytes before were those of the bound.
template <class Accept>
bool search(const Dfa& dfa, int32_t state, const Bounds& bounds, size_t level, bool at_first, bool at_last,
            const Accept& accept) {
  if (level == bounds.first.size()) return accept(state);
  int low = at_first ? static_cast<uint8_t>(bounds.first[level]) : 0x80;
  int high = at_last ? static_cast<uint8_t>(bounds.last[level]) : 0xBF;
  int32_t before = -1;  // bytes of one class that lead into the same search are tried once
  for (int byte = low; byte <= high; ++byte) {
    bool edge = (at_first && byte == low) || (at_last && byte == high);
    int32_t byte_class = dfa.byte_class[static_cast<size_t>(byte)];
    if (!edge && byte_class == before) continue;
    before = edge ? -1 : byte_class;
    int32_t next = dfa.step(state, static_cast<uint8_t>(byte));
    if (next < 0) continue;
    if (search(dfa, next, bounds, level + 1, at_first && byte == low, at_last && byte == high, accept)) return true;
  }
  return false;
}

}  // namespace character_search

// `accept(state)` judges the state after a character. At most four levels deep.
template <class Accept>
bool any_character(const Dfa& dfa, int32_t state, char32_t first, char32_t last, const Accept& accept) {
  constexpr char32_t kLengths[5] = {0, 0x80, 0x800, 0x10000, 0x110000};
  for (int length = 1; length <= 4; ++length) {
    char32_t low = std::max<char32_t>(first, kLengths[length - 1]);
    char32_t high = std::min<char32_t>(last, kLengths[length] - 1);
    if (low > high) continue;
    character_search::Bounds bounds;
    append_utf8(bounds.first, low);
    append_utf8(bounds.last, high);
    if (character_search::search(dfa, state, bounds, 0, true, true, accept)) return true;
  }
  return false;
}

}  // namespace weft
