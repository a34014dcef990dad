// Views of row-major matrices of activations. A view borrows; shapes are in elements.
#pragma once

#include <cstdint>

namespace weft {

template <class T>
struct Matrix {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // elements from one row to the next, >= cols

  T* row(int64_t r) const { return data + r * stride; }
  operator Matrix<const T>() const { return {data, rows, cols, stride}; }
};

using MatrixF = Matrix<float>;
using ConstMatrixF = Matrix<const float>;

}  // namespace weft
