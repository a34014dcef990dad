// Makes slices: walks the vocabulary with the automaton of one string or text alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

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

// What leads from a state of an automaton to states that are like it: bytes below 0x80, and whether all other
// characters do. Subtrees of such bytes need no walk.
class PathCache {
 public:
  enum class Kind {
    kText,
    kString  // quotes, backslashes and control characters have a meaning of their own
  };
  explicit PathCache(Kind kind) : kind_(kind) {}

  // No token below the node leads from `state`, between characters, into a dead end. `same`: and all end in `state`.
  bool cover(const Dfa& dfa, int32_t state, const TokenTrie& trie, int32_t node, bool same = false);

 private:
  // One step: the bytes that lead to `next`, where most of them lead.
  struct Step {
    std::array<uint64_t, 2> ascii{};
    int32_t next = -1;
    bool characters = false;
    int32_t run = -1;  // steps that can be made in a row with these bytes; -1: not yet known
  };
  static constexpr int32_t kLongestRun = 48;
  static constexpr size_t kMaxSteps = 4096;

  Step& step(const Dfa& dfa, int32_t state);
  int32_t run(const Dfa& dfa, int32_t state);

  Kind kind_;
  const Dfa* dfa_ = nullptr;  // of which `steps_` are
  std::unordered_map<int32_t, Step> steps_;
};

// A string in state `start`; exits are labelled as the automaton's accepting states.
std::shared_ptr<const Slice> make_string_slice(const TokenVocabulary& vocabulary, const MachineTables& tables,
                                               const StringTable& table, const StringState& start, SliceMode mode);

// A text in state `state`: it may end wherever it accepts, after one byte at least, if a byte of `follow` comes next.
std::shared_ptr<const Slice> make_text_slice(const TokenVocabulary& vocabulary, const Dfa& dfa, int32_t state,
                                             const ByteMask& follow);

}  // namespace weft
