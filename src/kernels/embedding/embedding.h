// Embedding look-up in a packed matrix, so that a tied embedding is held once.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/linear/packed_matrix.h"
#include "kernels/op_context.h"
#include "tensor/matrix.h"

namespace weft {

// out[t, :] = scale * W[token_ids[t], :], with W as dequantise_row gives it and one rounding for the product; scale 1
// changes nothing. out: [token_ids.size(), w.k]. Every id must be in [0, w.n). The same bits on every ISA.
void embedding(OpContext& context, const PackedMatrix& w, std::span<const int32_t> token_ids, float scale, MatrixF out);

}  // namespace weft
