// The body needs the lanes before it.
// clang-format off
#include "kernels/cpu_core/lanes_avx512.h"
#include "kernels/rope/rope_body.h"
// clang-format on

namespace weft {

void rope_rows_avx512(const RopeArgs& args, int64_t begin, int64_t end) { rope_rows(args, begin, end); }

}  // namespace weft
