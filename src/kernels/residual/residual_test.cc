#include "kernels/residual/residual.h"

#include "kernels/cpu_core/same_bits.h"

namespace weft {
namespace {

TEST(Residual, VariantsAddWithOneRounding) {
  Workspace workspace;
  for (int threads : {1, 3}) {
    ComputePool pool(threads);
    for (Isa isa : available_isas()) {
      OpContext op{&pool, &workspace, isa};
      for (int64_t cols : {1, 16, 31, 576}) {
        TestMatrix residual = TestMatrix::random(90, cols, 1, 100.0f);
        TestMatrix x = TestMatrix::random(90, cols, 2);
        TestMatrix expected = residual;
        for (int64_t r = 0; r < 90; ++r) {
          for (int64_t c = 0; c < cols; ++c) expected.at(r, c) += x.at(r, c);
        }
        add_residual(op, residual.view(), x.view());
        EXPECT_TRUE(same_bits(residual.values, expected.values)) << isa_name(isa);
      }
    }
  }
}

}  // namespace
}  // namespace weft
