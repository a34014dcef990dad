// The vector body of add_residual; included by the ISA files after their lanes.
#pragma once

#include "kernels/residual/residual_args.h"

namespace weft {
namespace {

inline void add_residual_rows(const ResidualArgs& args, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    float* residual = args.residual + row * args.residual_stride;
    const float* x = args.x + row * args.x_stride;
    int64_t i = 0;
    for (; i + 16 <= args.cols; i += 16) {
      lanes_store(residual + i, lanes_add(lanes_load(residual + i), lanes_load(x + i)));
    }
    int64_t rest = args.cols - i;
    if (rest > 0) {
      Lanes sum = lanes_add(lanes_load_first(residual + i, rest), lanes_load_first(x + i, rest));
      lanes_store_first(residual + i, sum, rest);
    }
  }
}

}  // namespace
}  // namespace weft
