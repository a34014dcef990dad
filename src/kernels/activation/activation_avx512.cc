// The body needs the lanes before it.
// clang-format off
#include "kernels/cpu_core/lanes_avx512.h"
#include "kernels/cpu_core/lanes_math.h"
#include "kernels/activation/activation_body.h"
// clang-format on

namespace weft {

void activation_rows_avx512(const ActivationArgs& args, int64_t begin, int64_t end) {
  activation_rows(args, begin, end);
}

}  // namespace weft
