// The 16 virtual lanes as one AVX-512 register. For *_avx512.cc only. Internal linkage throughout: a weak symbol built
// with AVX-512 could be linked into code that runs on CPUs without it.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace weft {
namespace {

struct Lanes {
  __m512 v;
};
using LaneMask = __mmask16;
constexpr int kLaneAccumulators = 24;  // of 32 registers; the rest hold operands

inline Lanes lanes_set(float x) { return {_mm512_set1_ps(x)}; }
inline Lanes lanes_load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void lanes_store(float* p, Lanes a) { _mm512_storeu_ps(p, a.v); }

// The first `count` <= 16 elements; the other lanes are zero and no memory beyond `count` is touched.
inline LaneMask first_lanes(int64_t count) { return static_cast<LaneMask>((1u << count) - 1); }
inline Lanes lanes_load_first(const float* p, int64_t count) { return {_mm512_maskz_loadu_ps(first_lanes(count), p)}; }
inline void lanes_store_first(float* p, Lanes a, int64_t count) { _mm512_mask_storeu_ps(p, first_lanes(count), a.v); }

inline Lanes lanes_load_f16(const uint16_t* p) {
  return {_mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
// 8 elements; lanes 8 to 15 are zero.
inline Lanes lanes_load_f16_half(const uint16_t* p) {
  __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm512_maskz_cvtph_ps(0x00ff, _mm256_zextsi128_si256(half))};
}
inline void lanes_store_f16(uint16_t* p, Lanes a) {
  __m256i half = _mm512_maskz_cvtps_ph(0xffff, a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), half);
}

inline Lanes lanes_add(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Lanes lanes_sub(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Lanes lanes_mul(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Lanes lanes_div(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Lanes lanes_max(Lanes a, Lanes b) { return {_mm512_maskz_max_ps(0xffff, a.v, b.v)}; }
inline Lanes lanes_fma(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline Lanes lanes_negate(Lanes a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))}; }
inline Lanes lanes_abs(Lanes a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)}; }
inline Lanes lanes_or(Lanes a, Lanes b) { return {_mm512_or_ps(a.v, b.v)}; }
inline Lanes lanes_sign(Lanes a) { return {_mm512_and_ps(_mm512_set1_ps(-0.0f), a.v)}; }

inline LaneMask lanes_less(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
inline LaneMask lanes_not_less_equal(Lanes a, Lanes b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_NLE_UQ); }
inline Lanes lanes_select(LaneMask mask, Lanes a, Lanes b) { return {_mm512_mask_blend_ps(mask, b.v, a.v)}; }
// Lanes begin <= l < end, where begin < 16 and end > 0 may lie outside 0..16.
inline LaneMask lanes_between(int begin, int end) {
  uint32_t upper = end >= 16 ? 0xffffu : (1u << end) - 1;
  uint32_t lower = begin <= 0 ? 0u : (1u << begin) - 1;
  return static_cast<LaneMask>(upper & ~lower);
}

// a * 2^n, n from the low bits of `shifted` (math.h: scale_by_exponent).
inline Lanes lanes_scale_by_exponent(Lanes a, Lanes shifted) {
  __m512i power = _mm512_maskz_slli_epi32(0xffff, _mm512_castps_si512(shifted.v), 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.v), power))};
}

// Lanes 8 * kHalf to 8 * kHalf + 7. The masked form, as gcc 12 warns of the plain one.
template <int kHalf>
inline __m256 lanes_half(Lanes a) {
  return _mm512_maskz_extractf32x8_ps(0xff, a.v, kHalf);
}

// The fixed tree (math.h: sum_lanes).
inline float lanes_sum(Lanes a) {
  __m256 eight = _mm256_add_ps(lanes_half<0>(a), lanes_half<1>(a));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float lanes_maximum(Lanes a) {
  __m256 eight = _mm256_max_ps(lanes_half<0>(a), lanes_half<1>(a));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

}  // namespace
}  // namespace weft
