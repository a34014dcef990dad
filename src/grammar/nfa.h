// A non-deterministic automaton over bytes while it is being put together, and its subset construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/dfa.h"

namespace weft {

class Nfa {
 public:
  // When an empty step may be taken: always, only at the start of the text, only at its end.
  enum class When : uint8_t { kAlways, kAtStart, kAtEnd };
  struct Edge {
    int32_t from, to;
    uint8_t first, last;  // symbols, inclusive
  };
  struct EmptyEdge {
    int32_t from, to;
    When when;
  };

  Nfa();  // symbols are bytes

  int32_t add_state();
  void add_edge(int32_t from, uint8_t first, uint8_t last, int32_t to) { edges.push_back({from, to, first, last}); }
  void add_empty(int32_t from, int32_t to, When when = When::kAlways) { empty_edges.push_back({from, to, when}); }
  // The states and edges of `a` (accepting states stay unmarked); the number of its start. `symbol_class[s]` is the
  // class of `a` that symbol s means.
  int32_t append(const Dfa& a, const std::vector<uint8_t>& symbol_class);
  int32_t num_states() const { return static_cast<int32_t>(accepting.size()); }

  std::array<uint8_t, 256> symbol_of_byte;
  int32_t num_symbols = 256;
  std::vector<uint8_t> accepting;  // [num_states]: 0 or a label
  std::vector<Edge> edges;
  std::vector<EmptyEdge> empty_edges;
  int32_t start = 0;
  // A state that accepts every text that any state accepts: a set that has it needs nothing else. -1: none.
  int32_t absorbing = -1;
};

// The minimal automaton. A text that several labels accept gets the largest. kGrammarTooComplex beyond the limits.
Result<Dfa> determinize(const Nfa& nfa, const GrammarLimits& limits);

}  // namespace weft
