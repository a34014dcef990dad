// Byte-pair encoding's loop: merge the pair of lowest rank (the leftmost of equals) until no pair is left.
// O(n log n) by a heap over a linked list; Sennrich et al. 2016, arXiv:1508.07909, describe the rule.
#pragma once

#include <algorithm>
#include <cstdint>

#include "text/subword_model.h"

namespace weft {

constexpr uint32_t kNoSymbol = 0xFFFFFFFF;

// Links scratch.symbols (id, begin and length set, in text order) and merges them. `find(left, right, candidate)`
// tells whether two neighbours merge, and fills rank and id. What is left are the symbols with length > 0.
template <class FindMerge>
void merge_symbols(MergeScratch& scratch, FindMerge find) {
  auto& symbols = scratch.symbols;
  auto& heap = scratch.heap;
  heap.clear();
  auto later = [&scratch](const MergeCandidate& a, const MergeCandidate& b) {
    ++scratch.steps;
    return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
  };
  auto consider = [&](uint32_t left, uint32_t right) {
    ++scratch.steps;
    MergeCandidate candidate{0, left, symbols[left].length + symbols[right].length, -1};
    if (!find(symbols[left], symbols[right], candidate)) return false;
    heap.push_back(candidate);
    return true;
  };

  auto count = static_cast<uint32_t>(symbols.size());
  for (uint32_t i = 0; i < count; ++i) {
    symbols[i].previous = i == 0 ? kNoSymbol : i - 1;
    symbols[i].next = i + 1 == count ? kNoSymbol : i + 1;
    if (i > 0) consider(i - 1, i);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    MergeCandidate best = heap.back();
    heap.pop_back();
    Symbol& left = symbols[best.left];
    if (left.length == 0 || left.next == kNoSymbol) continue;
    Symbol& right = symbols[left.next];
    // Symbols only grow, so an unchanged sum means an unchanged pair.
    if (left.length + right.length != best.length) continue;
    left.id = best.id;
    left.length = best.length;
    right.length = 0;
    left.next = right.next;
    if (right.next != kNoSymbol) symbols[right.next].previous = best.left;
    if (left.previous != kNoSymbol && consider(left.previous, best.left)) {
      std::push_heap(heap.begin(), heap.end(), later);
    }
    if (left.next != kNoSymbol && consider(best.left, left.next)) std::push_heap(heap.begin(), heap.end(), later);
  }
}

}  // namespace weft
