// What the variants of add_residual get. Plain data: ISA files include this.
#pragma once

#include <cstdint>

namespace weft {

struct ResidualArgs {
  float* residual;  // [rows, cols]
  int64_t residual_stride;
  const float* x;  // [rows, cols]
  int64_t x_stride;
  int64_t cols;
};

// Rows begin <= r < end.
using ResidualFunction = void (*)(const ResidualArgs& args, int64_t begin, int64_t end);
void add_residual_rows_ref(const ResidualArgs& args, int64_t begin, int64_t end);
void add_residual_rows_avx2(const ResidualArgs& args, int64_t begin, int64_t end);
void add_residual_rows_avx512(const ResidualArgs& args, int64_t begin, int64_t end);

}  // namespace weft
