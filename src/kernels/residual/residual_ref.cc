#include "kernels/residual/residual_args.h"

namespace weft {

void add_residual_rows_ref(const ResidualArgs& args, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    float* residual = args.residual + row * args.residual_stride;
    const float* x = args.x + row * args.x_stride;
    for (int64_t i = 0; i < args.cols; ++i) residual[i] += x[i];
  }
}

}  // namespace weft
