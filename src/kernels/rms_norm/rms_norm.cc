#include "kernels/rms_norm/rms_norm.h"

#include <algorithm>

namespace weft {
namespace {

constexpr Variant<RmsNormFunction> kVariants[] = {
    {"avx512", Isa::kAvx512, rms_norm_rows_avx512},
    {"avx2", Isa::kAvx2, rms_norm_rows_avx2},
    {"ref", Isa::kScalar, rms_norm_rows_ref},
};

constexpr int64_t kElementsPerChunk = 8192;  // ~2 us of work, well above the cost of taking a chunk

void run(OpContext& context, const RmsNormArgs& args, int64_t rows) {
  RmsNormFunction function = choose_variant(kVariants, context.isa).run;
  int64_t chunk = std::max<int64_t>(1, kElementsPerChunk / args.cols);
  context.pool->parallel_for(rows, chunk, [&](int64_t begin, int64_t end, int) { function(args, begin, end); });
}

}  // namespace

void rms_norm(OpContext& context, ConstMatrixF x, const float* weight, float epsilon, MatrixF out) {
  CHECK(x.cols > 0 && out.rows == x.rows && out.cols == x.cols);
  run(context, {nullptr, 0, x.data, x.stride, weight, epsilon, out.data, out.stride, x.cols}, x.rows);
}

void add_rms_norm(OpContext& context, MatrixF residual, ConstMatrixF x, const float* weight, float epsilon,
                  MatrixF out) {
  CHECK(x.cols > 0 && out.rows == x.rows && out.cols == x.cols);
  CHECK(residual.rows == x.rows && residual.cols == x.cols);
  run(context, {residual.data, residual.stride, x.data, x.stride, weight, epsilon, out.data, out.stride, x.cols},
      x.rows);
}

std::span<const Variant<RmsNormFunction>> rms_norm_variants() { return kVariants; }

}  // namespace weft
