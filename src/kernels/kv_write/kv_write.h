// Stores the keys and values of a step in the cache, rounded to f16 (nearest even; beyond 65504: infinity).
#pragma once

#include <span>

#include "kernels/cpu_core/variants.h"
#include "kernels/kv_write/kv_write_args.h"
#include "kernels/op_context.h"
#include "tensor/matrix.h"

namespace weft {

// Bytes of one page of one layer.
int64_t kv_layer_page_bytes(int num_kv_heads, int head_dim);

// k, v: [T, num_kv_heads * head_dim]; slots: [T], page * 16 + offset of each token, all different and >= 0. Other slots
// of the pages keep their bytes.
void kv_write(OpContext& context, ConstMatrixF k, ConstMatrixF v, std::span<const int64_t> slots, const KvLayer& kv);

std::span<const Variant<KvWriteFunction>> kv_write_variants();

}  // namespace weft
