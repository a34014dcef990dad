#include "kernels/activation/activation_args.h"
#include "kernels/cpu_core/math.h"

namespace weft {

void activation_rows_ref(const ActivationArgs& args, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* gate = args.gate + row * args.gate_stride;
    const float* up = args.up + row * args.up_stride;
    float* out = args.out + row * args.out_stride;
    for (int64_t i = 0; i < args.cols; ++i) {
      out[i] = (args.kind == GatedActivation::kSilu ? silu_f32(gate[i]) : gelu_tanh_f32(gate[i])) * up[i];
    }
  }
}

}  // namespace weft
