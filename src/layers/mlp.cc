#include "kernels/activation/activation.h"
#include "layers/decoder.h"

namespace weft {

void mlp(const DecoderModel& model, int32_t layer, ForwardContext& f, ConstMatrixF x, MatrixF out) {
  const LayerWeights& w = model.weights.layers[layer];
  MatrixF gate = f.rows(f.activations.gate), up = f.rows(f.activations.up);

  const LinearTask gate_up[] = {{&w.gate, nullptr, gate}, {&w.up, nullptr, up}};
  prepare_linear_input(f.ops, x, gate_up, f.linear_input);
  linear(f.ops, f.linear_input, gate_up);

  switch (model.config.activation) {
    case Activation::kSilu: silu_mul(f.ops, gate, up, gate); break;
    case Activation::kGeluTanh: gelu_tanh_mul(f.ops, gate, up, gate); break;
  }

  const LinearTask down[] = {{&w.down, nullptr, out}};
  prepare_linear_input(f.ops, gate, down, f.linear_input);
  linear(f.ops, f.linear_input, down);
}

}  // namespace weft
