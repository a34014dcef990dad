#include "grammar/word_count.h"

#include <algorithm>

namespace weft {

// Takes away states whose successors are all counted; what is left is on a cycle or leads to one.
std::vector<int64_t> count_words(const Dfa& dfa) {
  auto num_states = static_cast<size_t>(dfa.num_states());
  auto classes = static_cast<size_t>(dfa.num_classes);
  std::vector<int64_t> bytes_of_class(classes, 0);
  for (uint8_t byte_class : dfa.byte_class) ++bytes_of_class[byte_class];
  std::vector<std::vector<std::pair<size_t, int64_t>>> predecessors(num_states);
  std::vector<size_t> open(num_states, 0), counted;
  std::vector<int64_t> words(num_states, 0);
  std::vector<uint8_t> done(num_states, 0);
  for (size_t s = 0; s < num_states; ++s) {
    words[s] = dfa.accepting[s] != 0 ? 1 : 0;
    for (size_t c = 0; c < classes; ++c) {
      int32_t to = dfa.next[s * classes + c];
      if (to < 0) continue;
      predecessors[static_cast<size_t>(to)].emplace_back(s, bytes_of_class[c]);
      ++open[s];
    }
    if (open[s] == 0) counted.push_back(s);
  }
  while (!counted.empty()) {
    size_t s = counted.back();
    counted.pop_back();
    done[s] = 1;
    for (auto [from, ways] : predecessors[s]) {
      words[from] = std::min(kManyWords, words[from] + std::min(kManyWords, words[s]) * ways);
      if (--open[from] == 0) counted.push_back(from);
    }
  }
  for (size_t s = 0; s < num_states; ++s) {
    if (done[s] == 0) words[s] = kManyWords;
  }
  return words;
}

}  // namespace weft
