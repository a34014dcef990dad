#include <cmath>

#include "kernels/rope/rope_args.h"

namespace weft {

void rope_rows_ref(const RopeArgs& args, int64_t begin, int64_t end) {
  for (int64_t token = begin; token < end; ++token) {
    const float* cosines = args.cosines + static_cast<int64_t>(args.positions[token]) * args.half;
    const float* sines = args.sines + static_cast<int64_t>(args.positions[token]) * args.half;
    for (int32_t head = 0; head < args.num_heads; ++head) {
      float* low = args.x + token * args.x_stride + static_cast<int64_t>(head) * args.head_dim;
      float* high = low + args.half;
      for (int32_t i = 0; i < args.half; ++i) {
        float a = low[i];
        float b = high[i];
        low[i] = std::fma(a, cosines[i], -(b * sines[i]));
        high[i] = std::fma(b, cosines[i], a * sines[i]);
      }
    }
  }
}

}  // namespace weft
