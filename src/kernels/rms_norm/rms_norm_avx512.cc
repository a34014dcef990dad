// The body needs the lanes before it.
// clang-format off
#include "kernels/cpu_core/lanes_avx512.h"
#include "kernels/rms_norm/rms_norm_body.h"
// clang-format on

namespace weft {

void rms_norm_rows_avx512(const RmsNormArgs& args, int64_t begin, int64_t end) { rms_norm_rows(args, begin, end); }

}  // namespace weft
