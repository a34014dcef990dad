#include "kernels/cpu_core/lanes_avx2.h"
// The body needs the lanes, so the order of these includes is fixed.

#include "kernels/residual/residual_body.h"

namespace weft {

void add_residual_rows_avx2(const ResidualArgs& args, int64_t begin, int64_t end) {
  add_residual_rows(args, begin, end);
}

}  // namespace weft
