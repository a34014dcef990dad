// What the variants of rms_norm get. Plain data: ISA files include this.
#pragma once

#include <cstdint>

namespace weft {

struct RmsNormArgs {
  float* residual;  // [rows, cols], x is added to it first and the sum is normalised; null: x itself is
  int64_t residual_stride;
  const float* x;  // [rows, cols]
  int64_t x_stride;
  const float* weight;  // [cols]
  float epsilon;
  float* out;  // [rows, cols]
  int64_t out_stride;
  int64_t cols;
};

// Rows begin <= r < end.
using RmsNormFunction = void (*)(const RmsNormArgs& args, int64_t begin, int64_t end);
void rms_norm_rows_ref(const RmsNormArgs& args, int64_t begin, int64_t end);
void rms_norm_rows_avx2(const RmsNormArgs& args, int64_t begin, int64_t end);
void rms_norm_rows_avx512(const RmsNormArgs& args, int64_t begin, int64_t end);

}  // namespace weft
