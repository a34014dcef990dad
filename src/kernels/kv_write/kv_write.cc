#include "kernels/kv_write/kv_write.h"

#include <algorithm>

namespace weft {
namespace {

constexpr Variant<KvWriteFunction> kVariants[] = {
    {"avx512", Isa::kAvx512, kv_write_rows_avx512},
    {"avx2", Isa::kAvx2, kv_write_rows_avx2},
    {"ref", Isa::kScalar, kv_write_rows_ref},
};

constexpr int64_t kTokensPerChunk = 32;  // two pages: neighbours in a page share cache lines of K

}  // namespace

int64_t kv_layer_page_bytes(int num_kv_heads, int head_dim) {
  return int64_t{4} * kPageTokens * num_kv_heads * head_dim;
}

void kv_write(OpContext& context, ConstMatrixF k, ConstMatrixF v, std::span<const int64_t> slots, const KvLayer& kv) {
  int64_t cols = static_cast<int64_t>(kv.num_kv_heads) * kv.head_dim;
  CHECK(kv.head_dim > 0 && kv.head_dim % 8 == 0);
  CHECK(k.cols == cols && v.cols == cols && k.rows == v.rows && k.rows == static_cast<int64_t>(slots.size()));
  CHECK(std::all_of(slots.begin(), slots.end(), [](int64_t slot) { return slot >= 0; }));
  KvWriteArgs args{k.data, k.stride, v.data, v.stride, slots.data(), kv};
  KvWriteFunction function = choose_variant(kVariants, context.isa).run;
  context.pool->parallel_for(k.rows, kTokensPerChunk,
                             [&](int64_t begin, int64_t end, int) { function(args, begin, end); });
}

std::span<const Variant<KvWriteFunction>> kv_write_variants() { return kVariants; }

}  // namespace weft
