// Linear layers: y = x W^T + b for packed weights. linear_definition.h defines the arithmetic; every variant, number of
// rows and number of threads gives the same bits.
//
// Cost: reads each weight from memory once per call (a block of rows reuses a panel from cache); 2 * rows * n * k
// operations, with twice as many multiplications for quantised weights (two int8 planes).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/linear/packed_matrix.h"
#include "kernels/op_context.h"
#include "tensor/buffer.h"
#include "tensor/matrix.h"

namespace weft {

// The input of one or several linear layers (q, k and v; gate and up), prepared once. Owns its memory, which grows
// during warm-up only; borrows x while plain weights read it. Reuse one object per kind of layer.
class LinearInput {
 public:
  int64_t rows() const { return x_.rows; }
  int64_t cols() const { return x_.cols; }

 private:
  friend void prepare_linear_input(OpContext&, ConstMatrixF, std::span<const PackedMatrix* const>, LinearInput&);
  friend struct LinearInputAccess;

  ConstMatrixF x_;
  bool has_integers_ = false;
  Isa isa_ = Isa::kScalar;  // whose order the integers are in
  Buffer values_;           // int16 [rows][cols]
  Buffer groups_;           // ActivationGroup [rows][cols / 32]
};

// Prepares x [rows, k] for the matrices in `weights`, all of k inputs. x must stay unchanged as long as `out` is used.
// A NaN or infinity in a row of x makes that row's outputs NaN (quantised weights) or spreads as IEEE says (plain).
void prepare_linear_input(OpContext& context, ConstMatrixF x, std::span<const PackedMatrix* const> weights,
                          LinearInput& out);

struct LinearTask {
  const PackedMatrix* weight = nullptr;
  const float* bias = nullptr;  // [n] or null
  MatrixF y;                    // [rows, n]; must not overlap x
};

// All tasks in one parallel region. `x` was prepared with the same context.isa for these weights. rows = 0 is allowed.
void linear(OpContext& context, const LinearInput& x, std::span<const LinearTask> tasks);

}  // namespace weft
