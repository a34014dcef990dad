#include <immintrin.h>

#include "machine/roofs_kernels.h"

namespace weft {

int32_t int8_loop_avx512(int64_t rounds) {
  __m512i sums[12];
  __m512i u = _mm512_set1_epi8(3), s = _mm512_set1_epi8(-2);
  for (auto& sum : sums) sum = _mm512_setzero_si512();
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_dpbusd_epi32(sum, u, s);
    asm volatile("" : "+v"(u));
  }
  __m512i total = _mm512_setzero_si512();
  for (auto& sum : sums) total = _mm512_add_epi32(total, sum);
  alignas(64) int32_t lanes[16];
  _mm512_store_si512(lanes, total);
  return lanes[0];
}

}  // namespace weft
