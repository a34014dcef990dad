// The engine's own exp, tanh, sigmoid: the scalar definition. lanes_math.h performs the same operations on 16 lanes, so
// every instruction set gives these bits. Bits of a NaN result are not part of the definition.
// Not for ISA files: inline functions here would become weak symbols there.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/cpu_core/math_constants.h"

namespace weft {

// r^2 P(r) + r = e^r - 1 for the reduced argument; `shifted` carries n in its low bits.
struct ExpReduction {
  float shifted;
  float em1;
};

inline ExpReduction reduce_exp(float x) {
  float shifted = std::fma(x, kLog2E, kRoundingShift);
  float n = shifted - kRoundingShift;
  float r = std::fma(n, -kLn2High, x);
  r = std::fma(n, -kLn2Low, r);
  float p = std::fma(kExpP4, r, kExpP3);
  p = std::fma(p, r, kExpP2);
  p = std::fma(p, r, kExpP1);
  p = std::fma(p, r, kExpP0);
  return {shifted, std::fma(r * r, p, r)};
}

// value * 2^n, n from the low bits of `shifted`; value near 1, the result not denormal.
inline float scale_by_exponent(float value, float shifted) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) + (std::bit_cast<uint32_t>(shifted) << 23));
}

// Relative error below 2e-7 where the result is normal; 0 below kExpLowest; +inf above kExpHighest; NaN for NaN.
inline float exp_f32(float x) {
  ExpReduction e = reduce_exp(x);
  float result = scale_by_exponent(e.em1 + 1.0f, e.shifted);
  if (x < kExpLowest) result = 0.0f;
  if (!(x <= kExpHighest)) result = x + std::numeric_limits<float>::infinity();
  return result;
}

// Relative error below 4e-7; odd, also for zeros; NaN for NaN.
inline float tanh_f32(float x) {
  float a = std::fabs(x);
  if (a > kTanhSaturation) a = kTanhSaturation;
  ExpReduction e = reduce_exp(a + a);
  float power = scale_by_exponent(1.0f, e.shifted);
  float em1 = std::fma(power, e.em1, power - 1.0f);
  return std::copysign(em1 / (em1 + 2.0f), x);
}

inline float sigmoid_f32(float x) { return 1.0f / (1.0f + exp_f32(-x)); }

inline float silu_f32(float x) { return x / (1.0f + exp_f32(-x)); }

inline float gelu_tanh_f32(float x) {
  float inner = x * std::fma(x * x, kGeluB, kGeluA);
  return x / (1.0f + exp_f32(-inner));
}

// The fixed tree over 16 lanes: lanes l and l + 8, then l + 4, l + 2, l + 1. Overwrites the lanes.
inline float sum_lanes(float (&lanes)[16]) {
  for (int half = 8; half >= 1; half /= 2) {
    for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  }
  return lanes[0];
}

}  // namespace weft
