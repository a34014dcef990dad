#include <immintrin.h>

#include "machine/roofs_kernels.h"

namespace weft {

// The fastest exact chain without VNNI: products to 16 bits, pairs to 32 bits, sum.
int32_t int8_loop_avx2(int64_t rounds) {
  __m256i sums[8];
  __m256i u = _mm256_set1_epi8(3), s = _mm256_set1_epi8(-2), ones = _mm256_set1_epi16(1);
  for (auto& sum : sums) sum = _mm256_setzero_si256();
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& sum : sums) {
      asm volatile("" : "+x"(u));  // keeps the product inside the loop
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(u, s), ones));
    }
  }
  __m256i total = _mm256_setzero_si256();
  for (auto& sum : sums) total = _mm256_add_epi32(total, sum);
  return _mm256_extract_epi32(total, 0);
}

int64_t read_loop_avx2(const uint8_t* data, size_t bytes) {
  __m256i sums[4];
  for (auto& sum : sums) sum = _mm256_setzero_si256();
  for (size_t i = 0; i < bytes; i += 128) {
    _mm_prefetch(reinterpret_cast<const char*>(data + i + 2048), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(data + i + 2112), _MM_HINT_T0);
    for (int j = 0; j < 4; ++j) {
      sums[j] = _mm256_add_epi64(sums[j], _mm256_load_si256(reinterpret_cast<const __m256i*>(data + i + 32 * j)));
    }
  }
  __m256i total = _mm256_add_epi64(_mm256_add_epi64(sums[0], sums[1]), _mm256_add_epi64(sums[2], sums[3]));
  return _mm256_extract_epi64(total, 0);
}

}  // namespace weft
