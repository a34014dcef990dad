// Which pairs of token ids merge, at which rank, into which token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft {

// An open-addressing table of 8 bytes per slot, so that lookups of pairs that don't merge (most of them) stay in a
// small memory; the pairs themselves lie beside it by rank.
class MergeTable {
 public:
  static constexpr uint32_t kNever = 0xFFFFFFFF;

  explicit MergeTable(size_t expected);  // expected: how many pairs will be added
  // Adds the pair of the next rank (0, 1, ...). A pair that is there already keeps its rank.
  void add(int32_t left, int32_t right, int32_t joined);

  // The rank of a pair, kNever when it doesn't merge.
  uint32_t rank(int32_t left, int32_t right) const {
    uint64_t hash = hash_of(left, right);
    auto tag = static_cast<uint32_t>(hash);
    for (size_t at = hash >> shift_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.rank == kNever) return kNever;
      if (slot.tag == tag && pairs_[slot.rank].left == left && pairs_[slot.rank].right == right) return slot.rank;
    }
  }
  int32_t joined(uint32_t rank) const { return pairs_[rank].joined; }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t rank = kNever;
  };
  struct Pair {
    int32_t left, right, joined;
  };
  static uint64_t hash_of(int32_t left, int32_t right) {
    uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
    key *= 0x9E3779B97F4A7C15u;  // Fibonacci hashing: the high bits of a product are mixed best
    return key ^ key >> 32;
  }

  std::vector<Slot> slots_;
  std::vector<Pair> pairs_;  // by rank
  size_t mask_;
  int shift_;
};

}  // namespace weft
