// What the variants of kv_write get. Plain data: ISA files include this.
#pragma once

#include "kernels/kv_write/kv_layout.h"

namespace weft {

struct KvWriteArgs {
  const float* k;  // [tokens, num_kv_heads * head_dim]
  int64_t k_stride;
  const float* v;  // [tokens, num_kv_heads * head_dim]
  int64_t v_stride;
  const int64_t* slots;  // [tokens]
  KvLayer kv;
};

// Tokens begin <= t < end.
using KvWriteFunction = void (*)(const KvWriteArgs& args, int64_t begin, int64_t end);
void kv_write_rows_ref(const KvWriteArgs& args, int64_t begin, int64_t end);
void kv_write_rows_avx2(const KvWriteArgs& args, int64_t begin, int64_t end);
void kv_write_rows_avx512(const KvWriteArgs& args, int64_t begin, int64_t end);

}  // namespace weft
