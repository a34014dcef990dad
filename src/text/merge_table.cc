#include "text/merge_table.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace weft {

MergeTable::MergeTable(size_t expected, bool rank_is_id) : rank_is_id_(rank_is_id) {
  size_t count = std::bit_ceil(std::max<size_t>(16, expected + expected / 2));
  slots_.resize(count);
  pairs_.reserve(expected);
  mask_ = count - 1;
  shift_ = 64 - std::countr_zero(count);
}

void MergeTable::add(int32_t left, int32_t right, int32_t joined) {
  CHECK(pairs_.size() < slots_.size() / 4 * 3);
  auto next = static_cast<uint32_t>(pairs_.size());
  pairs_.push_back({left, right, joined});
  if (rank(left, right) != kNever) return;
  uint64_t hash = hash_of(left, right);
  size_t at = hash >> shift_;
  while (slots_[at].pair != kNever) at = (at + 1) & mask_;
  slots_[at] = {static_cast<uint32_t>(hash), next};
}

}  // namespace weft
