// The body needs the lanes before it.
// clang-format off
#include "kernels/cpu_core/lanes_avx2.h"
#include "kernels/cpu_core/fma_roof_body.h"
// clang-format on

namespace weft {

int64_t fma_roof_avx2(int64_t rounds, float* sink) { return fma_roof(rounds, sink); }

}  // namespace weft
