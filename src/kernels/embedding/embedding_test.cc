#include "kernels/embedding/embedding.h"

#include <gtest/gtest.h>

#include "kernels/linear/linear_cases.h"

namespace weft {
namespace {

TEST(Embedding, IsTheDequantisedRowTimesScale) {
  ComputePool pool(2);
  Workspace workspace;
  for (DType type : kLinearTypes) {
    Rng rng(2);
    auto rows = random_rows(type, 70, 512, rng);
    auto w = pack_matrix(type, rows, 70, 512, {}, pool);
    ASSERT_TRUE(w.has_value());
    std::vector<int32_t> ids;
    for (int i = 0; i < 40; ++i) ids.push_back(static_cast<int32_t>(rng.below(70)));
    ids[0] = 69;
    for (float scale : {1.0f, 23.9f}) {
      std::vector<float> out(40 * 515, -1.0f), want(512);
      OpContext context{&pool, &workspace, detect_isa()};
      embedding(context, *w, ids, scale, {out.data(), 40, 512, 515});
      for (size_t t = 0; t < ids.size(); ++t) {
        dequantise_row(*w, ids[t], want.data());
        for (size_t i = 0; i < 512; ++i) ASSERT_EQ(out[t * 515 + i], want[i] * scale) << dtype_info(type).name;
        for (size_t i = 512; i < 515; ++i) ASSERT_EQ(out[t * 515 + i], -1.0f);
      }
    }
  }
}

}  // namespace
}  // namespace weft
