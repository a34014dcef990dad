// Makes slices: walks the vocabulary with the automaton of one string or text alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "grammar/json_strings.h"
#include "grammar/machine_tables.h"
#include "grammar/slice_cache.h"
#include "grammar/token_vocabulary.h"

namespace weft {

enum class SliceMode : int32_t {
  kString,      // what follows the string does not depend on what it says
  kKey,         // tokens whose end depends on the key's text go to Slice::to_walk: those with escapes before the quote,
                // and those that hold more strings
  kStringWalk,  // all tokens that end the string go to Slice::to_walk
};

// Bytes, as a set.
using ByteMask = std::array<uint64_t, 4>;

// Where an automaton stays in its state: the bytes below 0x80 that do not leave it, and whether all other characters
// lead back to it.
struct StateLoops {
  std::array<uint64_t, 2> ascii{};
  bool characters = false;

  // Reading any token below the node leaves the state as it is. For states between characters.
  bool cover(const TokenTrie::ByteSet& below) const {
    return (below.ascii[0] & ~ascii[0]) == 0 && (below.ascii[1] & ~ascii[1]) == 0 &&
           (!below.other || (characters && !below.broken));
  }
};
StateLoops loops_of(const Dfa& dfa, int32_t state);
// The same inside a JSON string, where quotes, backslashes and control characters have a meaning of their own.
StateLoops string_loops_of(const Dfa& dfa, int32_t state);

// A few of them, kept.
class LoopCache {
 public:
  const StateLoops& string_loops(const Dfa& dfa, int32_t state);

 private:
  struct Entry {
    const Dfa* dfa = nullptr;
    int32_t state = -1;
    StateLoops loops;
  };
  std::array<Entry, 64> entries_;
};

// A string in state `start`; exits are labelled as the automaton's accepting states.
std::shared_ptr<const Slice> make_string_slice(const TokenVocabulary& vocabulary, const MachineTables& tables,
                                               const StringTable& table, const StringState& start, SliceMode mode);

// A text in state `state`: it may end wherever it accepts, after one byte at least, if a byte of `follow` comes next.
std::shared_ptr<const Slice> make_text_slice(const TokenVocabulary& vocabulary, const Dfa& dfa, int32_t state,
                                             const ByteMask& follow);

}  // namespace weft
