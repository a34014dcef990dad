#include "kernels/activation/activation.h"
#include "layers/decoder.h"

namespace weft {

void mlp(const DecoderModel& model, int32_t layer, ForwardContext& f, ConstMatrixF x, MatrixF out) {
  const LayerWeights& w = model.weights.layers[layer];
  MatrixF gate = f.rows(f.activations.gate), up = f.rows(f.activations.up);

  linear_layers(f.ops, f.linear_input, x, {{&w.gate, nullptr, gate}, {&w.up, nullptr, up}});
  switch (model.config.activation) {
    case Activation::kSilu:
      silu_mul(f.ops, gate, up, gate);
      break;
    case Activation::kGeluTanh:
      gelu_tanh_mul(f.ops, gate, up, gate);
      break;
  }
  linear_layers(f.ops, f.linear_input, gate, {{&w.down, nullptr, out}});
}

}  // namespace weft
