// How many texts an automaton accepts from each state, and what they are.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "grammar/dfa.h"

namespace weft {

constexpr int64_t kManyWords = int64_t{1} << 40;  // or more, or no end of them

std::vector<int64_t> count_words(const Dfa& dfa);

// Calls visit(word) for the texts from `state` on until it returns true; returns whether it did. Only for states with
// few words.
template <class Visit>
bool find_word(const Dfa& dfa, int32_t state, const Visit& visit) {
  std::vector<std::pair<int32_t, std::string>> open = {{state, ""}};
  while (!open.empty()) {
    auto [at, word] = std::move(open.back());
    open.pop_back();
    if (dfa.accepting[static_cast<size_t>(at)] != 0 && visit(word)) return true;
    for (int byte = 255; byte >= 0; --byte) {
      int32_t to = dfa.step(at, static_cast<uint8_t>(byte));
      if (to >= 0) open.emplace_back(to, word + static_cast<char>(byte));
    }
  }
  return false;
}

}  // namespace weft
