#include "kernels/embedding/embedding.h"

#include "base/check.h"

namespace weft {

void embedding(OpContext& context, const PackedMatrix& w, std::span<const int32_t> token_ids, float scale,
               MatrixF out) {
  CHECK(out.rows == static_cast<int64_t>(token_ids.size()) && out.cols == w.k);
  constexpr int64_t kTokensPerPiece = 16;  // some 10 us
  context.pool->parallel_for(out.rows, kTokensPerPiece, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = out.row(t);
      dequantise_row(w, token_ids[static_cast<size_t>(t)], row);
      if (scale == 1.0f) continue;
      for (int64_t i = 0; i < w.k; ++i) row[i] *= scale;
    }
  });
}

}  // namespace weft
