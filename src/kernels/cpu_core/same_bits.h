// What op tests share: matrices of random values and comparison of bits. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "tensor/matrix.h"

namespace weft {

// Rows padded by `padding` elements that hold a mark, so that a write beyond a row shows as a difference.
struct TestMatrix {
  TestMatrix(int64_t num_rows, int64_t num_cols, int64_t padding = 3)
      : rows(num_rows), cols(num_cols), stride(num_cols + padding), values(num_rows * stride, -77.5f) {}

  // Uniform in [-scale, scale).
  static TestMatrix random(int64_t rows, int64_t cols, uint64_t seed, float scale = 1.0f) {
    TestMatrix matrix(rows, cols);
    Rng rng(seed);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) matrix.at(r, c) = static_cast<float>(rng.unit() * 2 - 1) * scale;
    }
    return matrix;
  }

  float& at(int64_t r, int64_t c) { return values[r * stride + c]; }
  MatrixF view() { return {values.data(), rows, cols, stride}; }
  ConstMatrixF view() const { return {values.data(), rows, cols, stride}; }

  int64_t rows;
  int64_t cols;
  int64_t stride;
  std::vector<float> values;
};

// Equal bits, any NaN being as good as another.
inline bool same_bits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

inline testing::AssertionResult same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return testing::AssertionFailure() << a.size() << " values against " << b.size();
  for (size_t i = 0; i < a.size(); ++i) {
    if (!same_bits(a[i], b[i])) return testing::AssertionFailure() << "at " << i << ": " << a[i] << " against " << b[i];
  }
  return testing::AssertionSuccess();
}

}  // namespace weft
