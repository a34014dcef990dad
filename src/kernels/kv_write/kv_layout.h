// Where K and V of a token lie. Plain data: ISA files include this.
//
// A page holds 16 tokens. Its part for one layer is, per KV head: K as f16 [head_dim][16] (the keys of a page are SIMD
// lanes), then V as f16 [16][head_dim]. Head h begins at h * head_dim * 16 * 4 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/page.h"

namespace weft {

// One layer of the cache; borrows. Page p of this layer is at base + p * page_stride_bytes. base and the stride are
// multiples of 64 bytes. head_dim: a multiple of 8, 8 to 256.
struct KvLayer {
  std::byte* base = nullptr;
  int64_t page_stride_bytes = 0;
  int num_kv_heads = 0;
  int head_dim = 0;
};

}  // namespace weft
