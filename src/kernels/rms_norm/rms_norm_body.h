// The vector body of rms_norm; included by the ISA files after their lanes.
#pragma once

#include "kernels/rms_norm/rms_norm_args.h"

namespace weft {
namespace {

inline float inverse_rms(Lanes squares, float cols, float epsilon) {
  __m128 mean = _mm_set_ss(lanes_sum(squares) / cols + epsilon);
  return 1.0f / _mm_cvtss_f32(_mm_sqrt_ss(mean));
}

// The tail of a row keeps its lanes: absent elements are zeros, which leave a sum of squares as it is.
inline Lanes add_and_square_row(float* residual, const float* x, int64_t cols) {
  Lanes squares = lanes_set(0.0f);
  int64_t i = 0;
  for (; i + 16 <= cols; i += 16) {
    Lanes sum = lanes_add(lanes_load(residual + i), lanes_load(x + i));
    lanes_store(residual + i, sum);
    squares = lanes_fma(sum, sum, squares);
  }
  if (i < cols) {
    Lanes sum = lanes_add(lanes_load_first(residual + i, cols - i), lanes_load_first(x + i, cols - i));
    lanes_store_first(residual + i, sum, cols - i);
    squares = lanes_fma(sum, sum, squares);
  }
  return squares;
}

inline Lanes square_row(const float* x, int64_t cols) {
  Lanes squares = lanes_set(0.0f);
  int64_t i = 0;
  for (; i + 16 <= cols; i += 16) {
    Lanes value = lanes_load(x + i);
    squares = lanes_fma(value, value, squares);
  }
  if (i < cols) {
    Lanes value = lanes_load_first(x + i, cols - i);
    squares = lanes_fma(value, value, squares);
  }
  return squares;
}

inline void scale_row(const float* x, const float* weight, float inverse, float* out, int64_t cols) {
  Lanes factor = lanes_set(inverse);
  int64_t i = 0;
  for (; i + 16 <= cols; i += 16) {
    lanes_store(out + i, lanes_mul(lanes_mul(lanes_load(x + i), factor), lanes_load(weight + i)));
  }
  if (i < cols) {
    Lanes value = lanes_mul(lanes_load_first(x + i, cols - i), factor);
    lanes_store_first(out + i, lanes_mul(value, lanes_load_first(weight + i, cols - i)), cols - i);
  }
}

inline void rms_norm_rows(const RmsNormArgs& args, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* x = args.x + row * args.x_stride;
    Lanes squares;
    if (args.residual != nullptr) {
      float* residual = args.residual + row * args.residual_stride;
      squares = add_and_square_row(residual, x, args.cols);
      x = residual;
    } else {
      squares = square_row(x, args.cols);
    }
    float inverse = inverse_rms(squares, static_cast<float>(args.cols), args.epsilon);
    scale_row(x, args.weight, inverse, args.out + row * args.out_stride, args.cols);
  }
}

}  // namespace
}  // namespace weft
