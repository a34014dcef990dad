#include "kernels/cpu_core/lanes_avx2.h"
// The body needs the lanes, so the order of these includes is fixed.

#include "kernels/rope/rope_body.h"

namespace weft {

void rope_rows_avx2(const RopeArgs& args, int64_t begin, int64_t end) { rope_rows(args, begin, end); }

}  // namespace weft
