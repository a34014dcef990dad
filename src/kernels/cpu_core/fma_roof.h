// The fp32 FMA rate of one core, as a benchmark's yardstick.
#pragma once

#include <cstdint>

namespace weft {

// Performs `rounds` rounds of independent FMAs in registers and returns how many floating point operations that was.
// *sink gets a value that depends on all of them.
int64_t fma_roof_avx2(int64_t rounds, float* sink);
int64_t fma_roof_avx512(int64_t rounds, float* sink);

}  // namespace weft
