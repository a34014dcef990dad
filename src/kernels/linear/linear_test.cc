#include "kernels/linear/linear.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/linear/linear_cases.h"

namespace weft {
namespace {

struct Shape {
  int64_t n, k;
};

// Columns before and after y, to see that nothing else is written.
constexpr int64_t kMargin = 3;
constexpr float kUntouched = -12345.0f;

struct Layer {
  PackedMatrix weight;
  std::vector<float> bias;
};

Layer make_layer(DType type, Shape shape, ComputePool& pool, uint64_t seed = 1) {
  Rng rng(seed);
  auto rows = random_rows(type, shape.n, shape.k, rng);
  auto packed = pack_matrix(type, rows, shape.n, shape.k, {}, pool);
  CHECK(packed.has_value());
  return {std::move(packed).value(), random_floats(static_cast<size_t>(shape.n), rng)};
}

// y [rows, n] of several layers in one call.
std::vector<std::vector<float>> run(Isa isa, ComputePool& pool, std::span<const Layer> layers,
                                    const std::vector<float>& x, int64_t rows, bool with_bias = true) {
  Workspace workspace;
  OpContext context{&pool, &workspace, isa};
  int64_t k = layers[0].weight.k;
  std::vector<const PackedMatrix*> weights;
  std::vector<LinearTask> tasks;
  std::vector<std::vector<float>> wide;
  for (const Layer& layer : layers) {
    int64_t stride = layer.weight.n + 2 * kMargin;
    weights.push_back(&layer.weight);
    wide.emplace_back(static_cast<size_t>(rows * stride), kUntouched);
    tasks.push_back({&layer.weight,
                     with_bias ? layer.bias.data() : nullptr,
                     {wide.back().data() + kMargin, rows, layer.weight.n, stride}});
  }
  LinearInput input;
  prepare_linear_input(context, {x.data(), rows, k, k}, weights, input);
  linear(context, input, tasks);
  std::vector<std::vector<float>> result;
  for (size_t i = 0; i < layers.size(); ++i) {
    int64_t n = layers[i].weight.n, stride = n + 2 * kMargin;
    std::vector<float> dense;
    for (int64_t place = 0; place < rows * stride; ++place) {
      int64_t column = place % stride - kMargin;
      float value = wide[i][static_cast<size_t>(place)];
      if (column >= 0 && column < n) {
        dense.push_back(value);
      } else {
        EXPECT_EQ(value, kUntouched) << "written outside of y, row " << place / stride << " column " << column;
      }
    }
    result.push_back(std::move(dense));
  }
  return result;
}

std::vector<float> run(Isa isa, ComputePool& pool, const Layer& layer, const std::vector<float>& x, int64_t rows) {
  return run(isa, pool, std::span(&layer, 1), x, rows)[0];
}

// Equal bits; any NaN equals any other.
void expect_same(const std::vector<float>& got, const std::vector<float>& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(got[i]) && std::isnan(want[i])) continue;
    ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(want[i]))
        << what << " at " << i << ": " << got[i] << " is not " << want[i];
  }
}

std::string describe(Isa isa, DType type, Shape shape, int64_t rows) {
  return fmt::format("{} {} n={} k={} rows={}", isa_name(isa), dtype_info(type).name, shape.n, shape.k, rows);
}

std::vector<Shape> shapes_of(DType type) {
  uint32_t block = dtype_info(type).block_elements;
  if (block == 1) return {{576, 64}, {33, 37}, {1, 1}, {31, 96}, {200, 130}};
  if (block == 32) return {{576, 64}, {33, 576}, {1, 32}, {31, 96}, {200, 288}};
  return {{576, 256}, {33, 512}, {1, 256}, {31, 768}};
}

class LinearTypes : public testing::TestWithParam<DType> {};

std::string type_name(const testing::TestParamInfo<DType>& info) { return std::string(dtype_info(info.param).name); }

TEST_P(LinearTypes, EveryVariantGivesTheReferenceBits) {
  ComputePool pool(2);
  for (Shape shape : shapes_of(GetParam())) {
    Layer layer = make_layer(GetParam(), shape, pool);
    for (int64_t rows : {1, 2, 3, 4, 5, 6, 7, 16, 33}) {
      Rng rng(static_cast<uint64_t>(rows));
      auto x = random_floats(static_cast<size_t>(rows * shape.k), rng);
      auto want = run(Isa::kScalar, pool, layer, x, rows);
      for (Isa isa : available_isas()) {
        expect_same(run(isa, pool, layer, x, rows), want, describe(isa, GetParam(), shape, rows));
      }
    }
  }
}

TEST_P(LinearTypes, NastyActivationsGiveTheReferenceBits) {
  constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  ComputePool pool(2);
  Shape shape{65, 512};
  Layer layer = make_layer(GetParam(), shape, pool);
  constexpr int64_t kRows = 12;
  Rng rng(7);
  auto x = random_floats(kRows * 512, rng);
  auto at = [&](int64_t row, int64_t i) -> float& { return x[static_cast<size_t>(row * 512 + i)]; };
  for (int i = 0; i < 512; ++i) {
    at(0, i) = 0.0f;
    at(1, i) *= 1e36f;
    at(2, i) *= 1e-36f;
    at(3, i) *= 0x1p-140f;
    at(4, i) = i % 64 < 32 ? 0.0f : at(4, i);  // zero groups
    at(5, i) = i % 2 == 0 ? std::numeric_limits<float>::max() : -std::numeric_limits<float>::max();
    at(6, i) = -0.0f;
    at(7, i) *= i % 32 == 5 ? 1e4f : 1.0f;  // one outlier per group
    at(11, i) *= 0x1p-98f;                  // around the smallest usable maximum
  }
  at(8, 100) = kNan;
  at(9, 3) = kInf;
  at(10, 511) = -kInf;
  auto want = run(Isa::kScalar, pool, layer, x, kRows);
  for (Isa isa : available_isas()) {
    auto got = run(isa, pool, layer, x, kRows);
    expect_same(got, want, describe(isa, GetParam(), shape, kRows));
    for (int64_t c = 0; c < shape.n; ++c) {
      EXPECT_TRUE(std::isnan(got[static_cast<size_t>(8 * shape.n + c)]));
      EXPECT_FALSE(std::isfinite(got[static_cast<size_t>(9 * shape.n + c)]));
      EXPECT_FALSE(std::isfinite(got[static_cast<size_t>(10 * shape.n + c)]));
      EXPECT_TRUE(std::isfinite(got[static_cast<size_t>(7 * shape.n + c)]));
      EXPECT_EQ(got[static_cast<size_t>(c)], layer.bias[static_cast<size_t>(c)]);
    }
  }
}

// A row's bits do not depend on the rows beside it, on the other tasks of the call, or on the number of threads.
TEST_P(LinearTypes, RowsAreIndependent) {
  ComputePool two(2), three(3);
  Shape shape{161, 768};
  std::vector<Layer> layers;
  layers.push_back(make_layer(GetParam(), shape, two, 1));
  layers.push_back(make_layer(GetParam(), {32, 768}, two, 2));
  layers.push_back(make_layer(DType::kQ4_0, {100, 768}, two, 3));
  layers.push_back(make_layer(DType::kBF16, {100, 768}, two, 4));
  constexpr int64_t kRows = 70;
  Rng rng(11);
  auto x = random_floats(kRows * 768, rng);
  for (Isa isa : available_isas()) {
    if (isa == Isa::kScalar) continue;  // slow, and compared with the others above
    auto all = run(isa, two, layers, x, kRows, false);
    auto again = run(isa, three, layers, x, kRows, false);
    for (size_t i = 0; i < layers.size(); ++i) expect_same(again[i], all[i], "three threads");
    for (int64_t row : {int64_t{0}, int64_t{1}, int64_t{33}, kRows - 1}) {
      std::vector<float> one(x.begin() + row * 768, x.begin() + (row + 1) * 768);
      auto alone = run(isa, two, layers, one, 1, false);
      for (size_t i = 0; i < layers.size(); ++i) {
        int64_t n = layers[i].weight.n;
        std::vector<float> want(all[i].begin() + row * n, all[i].begin() + (row + 1) * n);
        expect_same(alone[i], want, describe(isa, GetParam(), shape, row));
      }
    }
  }
}

// The reference against dequantised weights in double precision. Bound: half a step of each activation (and a rounding
// error of the step's inverse) times |w|, and a float rounding per term of each chain.
TEST_P(LinearTypes, ReferenceIsCloseToExactArithmetic) {
  ComputePool pool(2);
  Shape shape{48, 512};
  Layer layer = make_layer(GetParam(), shape, pool);
  constexpr int64_t kRows = 4;
  Rng rng(5);
  auto x = random_floats(kRows * 512, rng);
  auto y = run(Isa::kScalar, pool, layer, x, kRows);
  bool quantised = layer.weight.is_quantised();
  std::vector<float> w(512);
  for (int64_t c = 0; c < shape.n; ++c) {
    dequantise_row(layer.weight, c, w.data());
    for (int64_t row = 0; row < kRows; ++row) {
      double sum = layer.bias[static_cast<size_t>(c)], bound = 0, absolute = std::abs(sum);
      for (size_t group = 0; group < 512; group += 32) {
        const float* values = x.data() + row * 512 + group;
        double max = 0, weights = 0;
        for (size_t i = 0; i < 32; ++i) {
          max = std::max(max, std::abs(static_cast<double>(values[i])));
          weights += std::abs(static_cast<double>(w[group + i]));
          sum += static_cast<double>(values[i]) * w[group + i];
          absolute += std::abs(static_cast<double>(values[i]) * w[group + i]);
        }
        if (quantised) bound += weights * max * (0.5 / 16256 + 0x1p-21);
      }
      // Dequantising rounds w itself; a code of up to 255 and its minimum may cancel to a small w.
      bound += absolute * (quantised ? 32 : 512) * 0x1p-24 + (quantised ? 512 * 0x1p-20 : 0);
      EXPECT_NEAR(y[static_cast<size_t>(row * shape.n + c)], sum, bound) << dtype_info(GetParam()).name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, LinearTypes, testing::ValuesIn(kLinearTypes), type_name);

TEST(Linear, NoRowsIsNoWork) {
  ComputePool pool(2);
  Layer layer = make_layer(DType::kQ8_0, {64, 64}, pool);
  EXPECT_TRUE(run(detect_isa(), pool, layer, {}, 0).empty());
}

// Real widths, one row and a prompt: the shapes that the SmolLM2 and Qwen families use.
TEST(Linear, RealShapes) {
  ComputePool pool(2);
  Isa isa = detect_isa();
  struct Case {
    DType type;
    Shape shape;
  };
  for (Case c : {Case{DType::kQ8_0, {192, 576}}, Case{DType::kQ4_0, {96, 1536}}, Case{DType::kQ4_0, {64, 4864}},
                 Case{DType::kQ5_0, {130, 896}}, Case{DType::kQ4_K, {64, 2048}}, Case{DType::kQ8_0, {70, 640}}}) {
    Layer layer = make_layer(c.type, c.shape, pool);
    for (int64_t rows : {1, 8, 65}) {
      Rng rng(3);
      auto x = random_floats(static_cast<size_t>(rows * c.shape.k), rng);
      auto want = run(Isa::kScalar, pool, layer, x, rows);
      expect_same(run(isa, pool, layer, x, rows), want, describe(isa, c.type, c.shape, rows));
    }
  }
}

}  // namespace
}  // namespace weft
