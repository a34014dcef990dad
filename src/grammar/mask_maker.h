// The legal tokens of a state. Long parts that are alike everywhere (what may stand inside a string) come from slices;
// the rest is a walk through the vocabulary's trie with the machine, which turns round at every byte that is not legal.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "grammar/machine.h"
#include "grammar/slices.h"
#include "grammar/token_vocabulary.h"

namespace weft {

// Works on one state at a time; the vocabulary's slices are shared by all.
class MaskMaker {
 public:
  // `grammar`: SliceCache::new_grammar() of the machine's tables.
  MaskMaker(std::shared_ptr<const TokenVocabulary> vocabulary, uint64_t grammar)
      : vocabulary_(std::move(vocabulary)), grammar_(grammar) {}

  // Sets the bits of the legal tokens and clears all others. The arena is left as it was.
  // kInternalError: no token is legal; kGrammarTooComplex: the state needs more threads than the limits allow.
  Status fill(Machine& machine, std::span<const Frame> threads, std::span<uint32_t> mask);
  // Judges every token by a walk with the machine, without slices: what fill() must agree with.
  void fill_by_walk(Machine& machine, std::span<const Frame> threads, std::span<uint32_t> mask);

 private:
  void add_string(const Frame& thread);
  void add_key(const Frame& thread);
  void add_text(const Frame& thread);
  void correct_known_keys(const Frame& thread, const Frame& object);
  void judge_key(const Frame& thread, std::string_view rest);
  void walk(const TokenTrie& trie, int32_t from, std::span<const Frame> threads, bool take_short_ways = true);
  bool all_stay(const Frame& thread, const TokenTrie& trie, int32_t node);
  ByteMask bytes_after(std::span<const Frame> threads);
  std::shared_ptr<const Slice> string_slice(int32_t automaton, const StringTable& table, const StringState& at,
                                            SliceMode mode);

  std::shared_ptr<const TokenVocabulary> vocabulary_;
  uint64_t grammar_;
  PathCache loops_{PathCache::Kind::kString};

  // Of the mask that is being made.
  Machine* machine_ = nullptr;
  std::span<uint32_t> mask_;
  std::vector<Frame> walked_, after_;
  std::vector<std::vector<Frame>> levels_;
  std::vector<StateArena::Mark> marks_;
  std::vector<uint32_t> key_mask_;
};

}  // namespace weft
