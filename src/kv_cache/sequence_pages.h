// What one sequence holds of the cache: a block table per group, and the keys of its pages. Owned by the scheduler's
// sequence, changed by KvCache only.
#pragma once

#include <cstdint>
#include <vector>

#include "base/sha256.h"
#include "request/ids.h"

namespace weft {

struct BlockTable {
  std::vector<PageId> pages;  // page of positions 16 i .. 16 i + 15; kNoPage below the window
  int32_t num_held = 0;       // entries that are not kNoPage
  int32_t first_held = 0;     // all entries below are kNoPage
};

struct SequencePages {
  struct Key {
    Digest key{};
    uint64_t fingerprint = 0;
  };

  std::vector<BlockTable> tables;  // one per cache group
  Key root;                        // of the prefix scope
  std::vector<Key> keys;           // of the full pages, as far as anyone needed them; they survive a preemption
  int32_t num_published = 0;       // leading pages that were found in the index or offered to it
};

}  // namespace weft
