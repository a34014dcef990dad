// Gated activations of the MLP: out = act(gate) * up, element by element, over the exp of cpu_core/math.h, so the same
// bits on every instruction set.
//   silu(x)      = x / (1 + exp(-x))
//   gelu_tanh(x) = x / (1 + exp(-x (a + b x^2))), the identity of 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
#pragma once

#include <span>

#include "kernels/activation/activation_args.h"
#include "kernels/cpu_core/variants.h"
#include "kernels/op_context.h"
#include "tensor/matrix.h"

namespace weft {

// gate, up, out: [rows, cols], any cols. out may be gate or up.
void silu_mul(OpContext& context, ConstMatrixF gate, ConstMatrixF up, MatrixF out);
void gelu_tanh_mul(OpContext& context, ConstMatrixF gate, ConstMatrixF up, MatrixF out);

std::span<const Variant<ActivationFunction>> activation_variants();

}  // namespace weft
