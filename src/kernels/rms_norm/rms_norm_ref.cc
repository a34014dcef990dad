#include <cmath>

#include "kernels/cpu_core/math.h"
#include "kernels/rms_norm/rms_norm_args.h"

namespace weft {

void rms_norm_rows_ref(const RmsNormArgs& args, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* x = args.x + row * args.x_stride;
    if (args.residual != nullptr) {
      float* residual = args.residual + row * args.residual_stride;
      for (int64_t i = 0; i < args.cols; ++i) residual[i] += x[i];
      x = residual;
    }
    float lanes[16] = {};
    for (int64_t i = 0; i < args.cols; ++i) lanes[i % 16] = std::fma(x[i], x[i], lanes[i % 16]);
    float mean = sum_lanes(lanes) / static_cast<float>(args.cols);
    float inverse = 1.0f / std::sqrt(mean + args.epsilon);
    float* out = args.out + row * args.out_stride;
    for (int64_t i = 0; i < args.cols; ++i) out[i] = (x[i] * inverse) * args.weight[i];
  }
}

}  // namespace weft
