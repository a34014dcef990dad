// The vector body of rope; included by the ISA files after their lanes.
#pragma once

#include "kernels/rope/rope_args.h"

namespace weft {
namespace {

struct RotatedPair {
  Lanes low;
  Lanes high;
};

inline RotatedPair rotate(Lanes a, Lanes b, Lanes cosine, Lanes sine) {
  return {lanes_fma(a, cosine, lanes_negate(lanes_mul(b, sine))), lanes_fma(b, cosine, lanes_mul(a, sine))};
}

inline void rotate_head(float* low, float* high, const float* cosines, const float* sines, int32_t half) {
  int32_t i = 0;
  for (; i + 16 <= half; i += 16) {
    RotatedPair pair =
        rotate(lanes_load(low + i), lanes_load(high + i), lanes_load(cosines + i), lanes_load(sines + i));
    lanes_store(low + i, pair.low);
    lanes_store(high + i, pair.high);
  }
  int32_t rest = half - i;
  if (rest > 0) {
    RotatedPair pair = rotate(lanes_load_first(low + i, rest), lanes_load_first(high + i, rest),
                              lanes_load_first(cosines + i, rest), lanes_load_first(sines + i, rest));
    lanes_store_first(low + i, pair.low, rest);
    lanes_store_first(high + i, pair.high, rest);
  }
}

inline void rope_rows(const RopeArgs& args, int64_t begin, int64_t end) {
  for (int64_t token = begin; token < end; ++token) {
    const float* cosines = args.cosines + static_cast<int64_t>(args.positions[token]) * args.half;
    const float* sines = args.sines + static_cast<int64_t>(args.positions[token]) * args.half;
    for (int32_t head = 0; head < args.num_heads; ++head) {
      float* low = args.x + token * args.x_stride + static_cast<int64_t>(head) * args.head_dim;
      rotate_head(low, low + args.half, cosines, sines, args.half);
    }
  }
}

}  // namespace
}  // namespace weft
