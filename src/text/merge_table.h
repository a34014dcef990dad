// Which pairs of token ids merge, at which rank, into which token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft {

// An open-addressing table of 8 bytes per slot, so that lookups of pairs that don't merge (most of them) stay in a
// small memory; the pairs themselves lie beside it.
class MergeTable {
 public:
  static constexpr uint32_t kNever = 0xFFFFFFFF;

  // `expected`: how many pairs will be added. With `rank_is_id` a pair's rank is the id of what it becomes (so that
  // several may have the same), else its place in the order of adding.
  MergeTable(size_t expected, bool rank_is_id);
  // A pair that is there already keeps its rank.
  void add(int32_t left, int32_t right, int32_t joined);

  // The rank of a pair, kNever when it doesn't merge.
  uint32_t rank(int32_t left, int32_t right) const {
    uint64_t hash = hash_of(left, right);
    auto tag = static_cast<uint32_t>(hash);
    for (size_t at = hash >> shift_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.pair == kNever) return kNever;
      if (slot.tag != tag) continue;
      const Pair& pair = pairs_[slot.pair];
      if (pair.left == left && pair.right == right) return rank_is_id_ ? static_cast<uint32_t>(pair.joined) : slot.pair;
    }
  }
  // What a pair of this rank becomes.
  int32_t joined(uint32_t rank) const { return rank_is_id_ ? static_cast<int32_t>(rank) : pairs_[rank].joined; }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t pair = kNever;  // its place in pairs_
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
  std::vector<Pair> pairs_;
  bool rank_is_id_;
  size_t mask_;
  int shift_;
};

}  // namespace weft
