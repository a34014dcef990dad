#include "kernels/residual/residual.h"

#include <algorithm>

namespace weft {
namespace {

constexpr Variant<ResidualFunction> kVariants[] = {
    {"avx512", Isa::kAvx512, add_residual_rows_avx512},
    {"avx2", Isa::kAvx2, add_residual_rows_avx2},
    {"ref", Isa::kScalar, add_residual_rows_ref},
};

constexpr int64_t kElementsPerChunk = 16384;  // ~2 us of work, well above the cost of taking a chunk

}  // namespace

void add_residual(OpContext& context, MatrixF residual, ConstMatrixF x) {
  CHECK(x.cols > 0 && residual.rows == x.rows && residual.cols == x.cols);
  ResidualArgs args{residual.data, residual.stride, x.data, x.stride, x.cols};
  ResidualFunction function = choose_variant(kVariants, context.isa).run;
  int64_t chunk = std::max<int64_t>(1, kElementsPerChunk / x.cols);
  context.pool->parallel_for(x.rows, chunk, [&](int64_t begin, int64_t end, int) { function(args, begin, end); });
}

std::span<const Variant<ResidualFunction>> add_residual_variants() { return kVariants; }

}  // namespace weft
