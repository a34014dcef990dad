// The 16 virtual lanes as two AVX registers. For *_avx2.cc only. Internal linkage throughout: a weak symbol built with
// AVX2 could be linked into code that runs on CPUs without it.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace weft {
namespace {

struct Lanes {
  __m256 low;   // lanes 0 to 7
  __m256 high;  // lanes 8 to 15
};
using LaneMask = Lanes;               // all bits of a lane set or clear
constexpr int kLaneAccumulators = 6;  // 12 of 16 registers; the rest hold operands

inline Lanes lanes_set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline Lanes lanes_load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void lanes_store(float* p, Lanes a) {
  _mm256_storeu_ps(p, a.low);
  _mm256_storeu_ps(p + 8, a.high);
}

// Lanes begin <= l < end.
inline LaneMask lanes_between(int begin, int end) {
  const __m256i low = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i high = _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15);
  const __m256i first = _mm256_set1_epi32(begin - 1);
  const __m256i last = _mm256_set1_epi32(end);
  return {_mm256_castsi256_ps(_mm256_and_si256(_mm256_cmpgt_epi32(low, first), _mm256_cmpgt_epi32(last, low))),
          _mm256_castsi256_ps(_mm256_and_si256(_mm256_cmpgt_epi32(high, first), _mm256_cmpgt_epi32(last, high)))};
}

// The first `count` <= 16 elements; the other lanes are zero and no memory beyond `count` is touched.
inline Lanes lanes_load_first(const float* p, int64_t count) {
  LaneMask mask = lanes_between(0, static_cast<int>(count));
  return {_mm256_maskload_ps(p, _mm256_castps_si256(mask.low)),
          _mm256_maskload_ps(p + 8, _mm256_castps_si256(mask.high))};
}
inline void lanes_store_first(float* p, Lanes a, int64_t count) {
  LaneMask mask = lanes_between(0, static_cast<int>(count));
  _mm256_maskstore_ps(p, _mm256_castps_si256(mask.low), a.low);
  _mm256_maskstore_ps(p + 8, _mm256_castps_si256(mask.high), a.high);
}

inline Lanes lanes_load_f16(const uint16_t* p) {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
          _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
}
// 8 elements; lanes 8 to 15 are zero.
inline Lanes lanes_load_f16_half(const uint16_t* p) {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))), _mm256_setzero_ps()};
}
inline void lanes_store_f16(uint16_t* p, Lanes a) {
  constexpr int kRounding = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.low, kRounding));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(a.high, kRounding));
}

inline Lanes lanes_add(Lanes a, Lanes b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline Lanes lanes_sub(Lanes a, Lanes b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline Lanes lanes_mul(Lanes a, Lanes b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline Lanes lanes_div(Lanes a, Lanes b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
inline Lanes lanes_max(Lanes a, Lanes b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline Lanes lanes_or(Lanes a, Lanes b) { return {_mm256_or_ps(a.low, b.low), _mm256_or_ps(a.high, b.high)}; }
inline Lanes lanes_negate(Lanes a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_xor_ps(a.low, sign), _mm256_xor_ps(a.high, sign)};
}
inline Lanes lanes_abs(Lanes a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
inline Lanes lanes_sign(Lanes a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_and_ps(sign, a.low), _mm256_and_ps(sign, a.high)};
}

inline LaneMask lanes_less(Lanes a, Lanes b) {
  return {_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)};
}
inline LaneMask lanes_not_less_equal(Lanes a, Lanes b) {
  return {_mm256_cmp_ps(a.low, b.low, _CMP_NLE_UQ), _mm256_cmp_ps(a.high, b.high, _CMP_NLE_UQ)};
}
inline Lanes lanes_select(LaneMask mask, Lanes a, Lanes b) {
  return {_mm256_blendv_ps(b.low, a.low, mask.low), _mm256_blendv_ps(b.high, a.high, mask.high)};
}

// a * 2^n, n from the low bits of `shifted` (math.h: scale_by_exponent).
inline __m256 scale_half(__m256 a, __m256 shifted) {
  __m256i power = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), power));
}
inline Lanes lanes_scale_by_exponent(Lanes a, Lanes shifted) {
  return {scale_half(a.low, shifted.low), scale_half(a.high, shifted.high)};
}

// The fixed tree (math.h: sum_lanes).
inline float lanes_sum(Lanes a) {
  __m256 eight = _mm256_add_ps(a.low, a.high);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float lanes_maximum(Lanes a) {
  __m256 eight = _mm256_max_ps(a.low, a.high);
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

}  // namespace
}  // namespace weft
