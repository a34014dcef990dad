// Cuts one word into tokens of the vocabulary. The kinds: BPE by merge ranks (bpe_model.h), BPE by scores
// (score_bpe_model.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// A piece of the word while it is being merged; a doubly linked list by index.
struct Symbol {
  int32_t id;       // kNone (-1) when the vocabulary lacks it
  uint32_t begin;   // first byte in the word
  uint32_t length;  // in bytes; 0 once it is merged into its left neighbour
  uint32_t previous, next;
};

// A pair that could be merged; stale when the two symbols have changed since.
struct MergeCandidate {
  uint32_t rank;    // lower merges first
  uint32_t left;    // index of the left symbol
  uint32_t length;  // bytes of both
  int32_t id;       // what they become
};

// Memory that is used again from word to word; one per call of encode().
struct MergeScratch {
  std::vector<Symbol> symbols;
  std::vector<MergeCandidate> heap;
  std::string form;                       // of a word, written as the vocabulary writes it
  uint64_t steps = 0;                     // work done so far: comparisons and lookups, for tests of linear work
  std::vector<uint32_t>* ends = nullptr;  // wanted when not null: where each token ends in the word, in bytes

  void emit(int32_t id, size_t end, std::vector<int32_t>& out) const {
    out.push_back(id);
    if (ends != nullptr) ends->push_back(static_cast<uint32_t>(end));
  }
};

// Immutable and safe to use from many threads.
class SubwordModel {
 public:
  virtual ~SubwordModel() = default;
  // Appends the tokens of `word` (valid UTF-8, under 2 GiB, not empty) to `out`, and to scratch.ends as many ends.
  virtual void encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const = 0;
};

}  // namespace weft
