// Loops whose only purpose is to be as fast as the hardware allows. Included by instruction-set files: plain data only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

// `rounds` rounds of independent multiply-adds; returns something that depends on all of them.
int32_t int8_loop_avx2(int64_t rounds);
int32_t int8_loop_avx512(int64_t rounds);
constexpr int64_t kInt8OpsPerRoundAvx2 = 8 * 32 * 2;     // 8 registers of 32 products
constexpr int64_t kInt8OpsPerRoundAvx512 = 12 * 64 * 2;  // 12 registers of 64 products

// Sums `bytes` (a multiple of 512) from 64-byte aligned memory.
int64_t read_loop_avx2(const uint8_t* data, size_t bytes);

}  // namespace weft
