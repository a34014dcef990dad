// The vector body of kv_write; included by the ISA files after their lanes.
#pragma once

#include "kernels/kv_write/kv_write_args.h"

namespace weft {
namespace {

// One head of one token: `keys` and `values` point at the token's own first element.
inline void write_head(const float* k, const float* v, int64_t head_dim, uint16_t* keys, uint16_t* values) {
  uint16_t halves[16];
  for (int64_t d = 0; d < head_dim; d += 16) {
    int64_t count = head_dim - d < 16 ? head_dim - d : 16;
    lanes_store_f16(halves, count == 16 ? lanes_load(k + d) : lanes_load_first(k + d, count));
    for (int64_t i = 0; i < count; ++i) keys[(d + i) * kPageTokens] = halves[i];
    if (count == 16) {
      lanes_store_f16(values + d, lanes_load(v + d));
    } else {
      lanes_store_f16(halves, lanes_load_first(v + d, count));
      for (int64_t i = 0; i < count; ++i) values[d + i] = halves[i];
    }
  }
}

inline void kv_write_rows(const KvWriteArgs& args, int64_t begin, int64_t end) {
  int64_t head_dim = args.kv.head_dim;
  for (int64_t token = begin; token < end; ++token) {
    int64_t page = args.slots[token] / kPageTokens;
    int64_t offset = args.slots[token] % kPageTokens;
    uint16_t* head_base = reinterpret_cast<uint16_t*>(args.kv.base + page * args.kv.page_stride_bytes);
    for (int64_t head = 0; head < args.kv.num_kv_heads; ++head, head_base += 2 * kPageTokens * head_dim) {
      write_head(args.k + token * args.k_stride + head * head_dim, args.v + token * args.v_stride + head * head_dim,
                 head_dim, head_base + offset, head_base + (kPageTokens + offset) * head_dim);
    }
  }
}

}  // namespace
}  // namespace weft
