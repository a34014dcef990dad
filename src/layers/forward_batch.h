// One step of a model over a ragged batch: T new tokens of B sequences.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace weft {

// Where the keys and values of one cache group lie.
struct GroupBatch {
  const int32_t* block_table = nullptr;  // [B, stride]: page of positions 16 i .. 16 i + 15
  int64_t block_table_stride = 0;
  std::span<const int64_t> slots;  // [T]: page * 16 + offset that each new token is written to
};

struct ForwardBatch {
  std::span<const int32_t> token_ids;    // [T]
  std::span<const int32_t> positions;    // [T]
  std::span<const int32_t> query_start;  // [B + 1]: rows of sequence b are query_start[b] .. query_start[b + 1] - 1
  std::span<const int32_t> kv_len;       // [B]: keys of the sequence, this step's included
  std::span<const int32_t> logit_rows;   // rows whose final hidden state is wanted, ascending
  std::vector<GroupBatch> groups;        // one per cache group

  int64_t num_tokens() const { return static_cast<int64_t>(token_ids.size()); }
};

}  // namespace weft
