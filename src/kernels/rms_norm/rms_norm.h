// Root-mean-square normalisation of rows.
//
// Definition, the same bits for every variant, thread count and number of rows:
//   lane l of 16 sums x[i]^2 by fma over i = l, l + 16, ... ascending; the lanes are added by the fixed tree (l + 8, +
//   4,
//   + 2, + 1); inv = 1 / sqrt(sum / cols + epsilon); out[i] = (x[i] * inv) * weight[i].
// A row with a non-finite element becomes non-finite; other rows are not touched by it.
#pragma once

#include <span>

#include "kernels/cpu_core/variants.h"
#include "kernels/op_context.h"
#include "kernels/rms_norm/rms_norm_args.h"
#include "tensor/matrix.h"

namespace weft {

// x, out: [rows, cols], any cols >= 1; weight: [cols]. out may be x. Per head: rows = tokens * heads, cols = head_dim.
void rms_norm(OpContext& context, ConstMatrixF x, const float* weight, float epsilon, MatrixF out);

// residual += x, then out = rms_norm(residual): the bits of add_residual followed by rms_norm. out may be x.
void add_rms_norm(OpContext& context, MatrixF residual, ConstMatrixF x, const float* weight, float epsilon,
                  MatrixF out);

std::span<const Variant<RmsNormFunction>> rms_norm_variants();

}  // namespace weft
