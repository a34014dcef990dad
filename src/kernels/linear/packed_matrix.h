// The weights of one linear layer, y = x W^T + b, packed at load into what the kernels read. Held once: the same bytes
// serve decode, prefill and embedding look-up. The layouts are described in linear_definition.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.h"
#include "base/status.h"
#include "kernels/linear/linear_definition.h"
#include "machine/compute_pool.h"
#include "tensor/buffer.h"

namespace weft {

// Immutable after packing; any thread may read it.
struct PackedMatrix {
  PackedLayout layout = PackedLayout::kF32;
  ScaleLayout scales = ScaleLayout::kNone;
  int64_t n = 0;  // outputs
  int64_t k = 0;  // inputs
  DType source = DType::kF32;
  int64_t panel_bytes = 0;
  Buffer data;  // [num_panels()][panel_bytes]

  size_t bytes() const { return data.bytes(); }
  int64_t num_panels() const { return (n + kPanelColumns - 1) / kPanelColumns; }
  bool is_quantised() const { return scales != ScaleLayout::kNone; }
  const uint8_t* panel(int64_t index) const { return data.as<uint8_t>() + index * panel_bytes; }
};

// Bytes of one group of 32 inputs of a panel, without and with the codes, and of what precedes 8 groups.
int64_t scale_bytes(ScaleLayout scales);
int64_t group_bytes(PackedLayout layout, ScaleLayout scales);
int64_t super_bytes(ScaleLayout scales);

// Packs n rows of k elements of `type`. `rows` holds whole file rows, row-major; row_order[i] is the file row of output
// i (size n; empty means output i is file row i). Types: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K,
// Q6_K. Errors: kUnsupported (type), kCorruptFile (sizes that contradict each other), kResourceExhausted.
Result<PackedMatrix> pack_matrix(DType type, std::span<const std::byte> rows, int64_t n, int64_t k,
                                 std::span<const int32_t> row_order, ComputePool& pool);

// The weights of output `column` as floats: scale * (u - z), rounded, then + min, rounded. out: k floats.
void dequantise_row(const PackedMatrix& matrix, int64_t column, float* out);

}  // namespace weft
