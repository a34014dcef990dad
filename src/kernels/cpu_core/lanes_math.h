// math.h on 16 lanes, operation by operation. Included by ISA files after lanes_avx2.h or lanes_avx512.h.
#pragma once

#include "kernels/cpu_core/math_constants.h"

namespace weft {
namespace {

struct LanesExpReduction {
  Lanes shifted;
  Lanes em1;
};

inline LanesExpReduction lanes_reduce_exp(Lanes x) {
  Lanes shifted = lanes_fma(x, lanes_set(kLog2E), lanes_set(kRoundingShift));
  Lanes n = lanes_sub(shifted, lanes_set(kRoundingShift));
  Lanes r = lanes_fma(n, lanes_set(-kLn2High), x);
  r = lanes_fma(n, lanes_set(-kLn2Low), r);
  Lanes p = lanes_fma(lanes_set(kExpP4), r, lanes_set(kExpP3));
  p = lanes_fma(p, r, lanes_set(kExpP2));
  p = lanes_fma(p, r, lanes_set(kExpP1));
  p = lanes_fma(p, r, lanes_set(kExpP0));
  return {shifted, lanes_fma(lanes_mul(r, r), p, r)};
}

inline Lanes lanes_exp(Lanes x) {
  LanesExpReduction e = lanes_reduce_exp(x);
  Lanes result = lanes_scale_by_exponent(lanes_add(e.em1, lanes_set(1.0f)), e.shifted);
  result = lanes_select(lanes_less(x, lanes_set(kExpLowest)), lanes_set(0.0f), result);
  Lanes overflow = lanes_add(x, lanes_set(__builtin_inff()));
  return lanes_select(lanes_not_less_equal(x, lanes_set(kExpHighest)), overflow, result);
}

inline Lanes lanes_tanh(Lanes x) {
  Lanes a = lanes_abs(x);
  a = lanes_select(lanes_less(lanes_set(kTanhSaturation), a), lanes_set(kTanhSaturation), a);
  LanesExpReduction e = lanes_reduce_exp(lanes_add(a, a));
  Lanes power = lanes_scale_by_exponent(lanes_set(1.0f), e.shifted);
  Lanes em1 = lanes_fma(power, e.em1, lanes_sub(power, lanes_set(1.0f)));
  Lanes magnitude = lanes_div(em1, lanes_add(em1, lanes_set(2.0f)));
  return lanes_or(lanes_abs(magnitude), lanes_sign(x));
}

inline Lanes lanes_silu(Lanes x) { return lanes_div(x, lanes_add(lanes_set(1.0f), lanes_exp(lanes_negate(x)))); }

inline Lanes lanes_gelu_tanh(Lanes x) {
  Lanes inner = lanes_mul(x, lanes_fma(lanes_mul(x, x), lanes_set(kGeluB), lanes_set(kGeluA)));
  return lanes_div(x, lanes_add(lanes_set(1.0f), lanes_exp(lanes_negate(inner))));
}

}  // namespace
}  // namespace weft
