#include "kernels/activation/activation.h"

#include "kernels/cpu_core/math.h"
#include "kernels/cpu_core/same_bits.h"

namespace weft {
namespace {

// Beside random values those where exp saturates, zeros of both signs, infinities and NaN.
TestMatrix nasty_gate(int64_t rows, int64_t cols) {
  TestMatrix gate = TestMatrix::random(rows, cols, 1, 12.0f);
  const float infinity = std::numeric_limits<float>::infinity();
  const float nasty[] = {0.0f,   -0.0f,   88.8f,    -88.8f,    87.4f,          -87.4f, 1e20f, -1e20f,
                         1e-40f, -1e-40f, infinity, -infinity, std::nanf("5"), 1e38f,  -1e38f};
  int64_t index = 0;
  for (float value : nasty) {
    gate.at(index % rows, index * 7 % cols) = value;
    ++index;
  }
  return gate;
}

TEST(Activation, VariantsAndThreadsGiveTheReferenceBits) {
  Workspace workspace;
  for (int64_t cols : {1, 8, 16, 33, 1536}) {
    TestMatrix gate = nasty_gate(23, cols);
    TestMatrix up = TestMatrix::random(23, cols, 2);
    TestMatrix silu(23, cols);
    TestMatrix gelu(23, cols);
    for (int64_t r = 0; r < 23; ++r) {
      for (int64_t c = 0; c < cols; ++c) {
        silu.at(r, c) = silu_f32(gate.at(r, c)) * up.at(r, c);
        gelu.at(r, c) = gelu_tanh_f32(gate.at(r, c)) * up.at(r, c);
      }
    }
    for (Isa isa : available_isas()) {
      for (int threads : {1, 3}) {
        ComputePool pool(threads);
        OpContext op{&pool, &workspace, isa};
        TestMatrix out(23, cols);
        silu_mul(op, gate.view(), up.view(), out.view());
        EXPECT_TRUE(same_bits(out.values, silu.values)) << isa_name(isa) << cols;
        TestMatrix in_place = gate;
        gelu_tanh_mul(op, in_place.view(), up.view(), in_place.view());
        EXPECT_TRUE(same_bits(in_place.values, gelu.values)) << isa_name(isa) << cols;
      }
    }
  }
}

}  // namespace
}  // namespace weft
