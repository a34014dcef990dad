#include "kernels/rms_norm/rms_norm.h"

#include "kernels/cpu_core/same_bits.h"
#include "kernels/residual/residual.h"

namespace weft {
namespace {

constexpr float kEpsilon = 1e-6f;

class RmsNorm : public testing::Test {
 protected:
  OpContext context(Isa isa, ComputePool* pool) { return {pool, &workspace_, isa}; }

  std::vector<float> normalised(Isa isa, const TestMatrix& x, const TestMatrix& weight, int threads = 1) {
    ComputePool pool(threads);
    OpContext op = context(isa, &pool);
    TestMatrix out(x.rows, x.cols);
    rms_norm(op, x.view(), weight.values.data(), kEpsilon, out.view());
    return out.values;
  }

  Workspace workspace_;
};

TEST_F(RmsNorm, ReferenceFollowsTheFormula) {
  TestMatrix x = TestMatrix::random(3, 100, 1, 4.0f);
  TestMatrix weight = TestMatrix::random(1, 100, 2);
  std::vector<float> out = normalised(Isa::kScalar, x, weight);
  for (int64_t r = 0; r < x.rows; ++r) {
    double squares = 0;
    for (int64_t c = 0; c < x.cols; ++c) squares += static_cast<double>(x.at(r, c)) * x.at(r, c);
    for (int64_t c = 0; c < x.cols; ++c) {
      EXPECT_NEAR(out[r * x.stride + c], x.at(r, c) / std::sqrt(squares / 100 + kEpsilon) * weight.at(0, c), 1e-6);
    }
  }
}

TEST_F(RmsNorm, VariantsAndThreadsGiveTheReferenceBits) {
  for (int64_t cols : {1, 7, 8, 16, 17, 64, 576, 896, 1000}) {
    for (int64_t rows : {1, 5, 70}) {
      TestMatrix x = TestMatrix::random(rows, cols, cols + rows, 3.0f);
      TestMatrix weight = TestMatrix::random(1, cols, 9);
      std::vector<float> expected = normalised(Isa::kScalar, x, weight);
      for (Isa isa : available_isas()) {
        for (int threads : {1, 3}) {
          EXPECT_TRUE(same_bits(normalised(isa, x, weight, threads), expected)) << isa_name(isa) << cols;
        }
      }
    }
  }
}

TEST_F(RmsNorm, WithResidualEqualsTheTwoOps) {
  ComputePool pool(1);
  for (Isa isa : available_isas()) {
    OpContext op = context(isa, &pool);
    for (int64_t cols : {5, 64, 583}) {
      TestMatrix x = TestMatrix::random(4, cols, 1);
      TestMatrix weight = TestMatrix::random(1, cols, 2);
      TestMatrix residual = TestMatrix::random(4, cols, 3, 10.0f);
      TestMatrix added = residual;
      add_residual(op, added.view(), x.view());
      std::vector<float> expected = normalised(isa, added, weight);
      TestMatrix out(4, cols);
      add_rms_norm(op, residual.view(), x.view(), weight.values.data(), kEpsilon, out.view());
      EXPECT_TRUE(same_bits(residual.values, added.values));
      EXPECT_TRUE(same_bits(out.values, expected));
    }
  }
}

TEST_F(RmsNorm, InPlaceAndNonFiniteRowsStayAlone) {
  ComputePool pool(1);
  for (Isa isa : available_isas()) {
    OpContext op = context(isa, &pool);
    TestMatrix x = TestMatrix::random(3, 40, 1);
    TestMatrix weight = TestMatrix::random(1, 40, 2);
    std::vector<float> expected = normalised(isa, x, weight);
    x.at(1, 39) = std::nanf("");
    rms_norm(op, x.view(), weight.values.data(), kEpsilon, x.view());
    for (int64_t c = 0; c < 40; ++c) {
      EXPECT_TRUE(same_bits(x.at(0, c), expected[c]) && same_bits(x.at(2, c), expected[2 * x.stride + c]));
      EXPECT_TRUE(std::isnan(x.at(1, c)));
    }
  }
}

}  // namespace
}  // namespace weft
