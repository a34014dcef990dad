#include "kernels/activation/activation.h"

#include <algorithm>

namespace weft {
namespace {

constexpr Variant<ActivationFunction> kVariants[] = {
    {"avx512", Isa::kAvx512, activation_rows_avx512},
    {"avx2", Isa::kAvx2, activation_rows_avx2},
    {"ref", Isa::kScalar, activation_rows_ref},
};

constexpr int64_t kElementsPerChunk = 4096;  // ~2 us of work, well above the cost of taking a chunk

void run(OpContext& context, GatedActivation kind, ConstMatrixF gate, ConstMatrixF up, MatrixF out) {
  CHECK(gate.cols > 0 && up.rows == gate.rows && up.cols == gate.cols && out.rows == gate.rows &&
        out.cols == gate.cols);
  ActivationArgs args{kind, gate.data, gate.stride, up.data, up.stride, out.data, out.stride, gate.cols};
  ActivationFunction function = choose_variant(kVariants, context.isa).run;
  int64_t chunk = std::max<int64_t>(1, kElementsPerChunk / gate.cols);
  context.pool->parallel_for(gate.rows, chunk, [&](int64_t begin, int64_t end, int) { function(args, begin, end); });
}

}  // namespace

void silu_mul(OpContext& context, ConstMatrixF gate, ConstMatrixF up, MatrixF out) {
  run(context, GatedActivation::kSilu, gate, up, out);
}

void gelu_tanh_mul(OpContext& context, ConstMatrixF gate, ConstMatrixF up, MatrixF out) {
  run(context, GatedActivation::kGeluTanh, gate, up, out);
}

std::span<const Variant<ActivationFunction>> activation_variants() { return kVariants; }

}  // namespace weft
