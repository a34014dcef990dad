// The body needs the lanes before it.
// clang-format off
#include "kernels/cpu_core/lanes_avx2.h"
#include "kernels/residual/residual_body.h"
// clang-format on

namespace weft {

void add_residual_rows_avx2(const ResidualArgs& args, int64_t begin, int64_t end) {
  add_residual_rows(args, begin, end);
}

}  // namespace weft
