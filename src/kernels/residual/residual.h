// The residual stream: residual[r][i] += x[r][i], one rounding.
#pragma once

#include <span>

#include "kernels/cpu_core/variants.h"
#include "kernels/op_context.h"
#include "kernels/residual/residual_args.h"
#include "tensor/matrix.h"

namespace weft {

// residual, x: [rows, cols], any cols. x may be residual.
void add_residual(OpContext& context, MatrixF residual, ConstMatrixF x);

std::span<const Variant<ResidualFunction>> add_residual_variants();

}  // namespace weft
