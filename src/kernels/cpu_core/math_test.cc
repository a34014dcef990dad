#include "kernels/cpu_core/math.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/cpu_core/half.h"

namespace weft {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Math, ExpIsAccurateWhereTheResultIsNormal) {
  double worst = 0;
  for (int64_t i = 0; i < 4000000; ++i) {
    float x = static_cast<float>(-87.3 + i * (88.7 + 87.3) / 4000000);
    worst = std::max(worst, std::fabs(exp_f32(x) / std::exp(static_cast<double>(x)) - 1));
  }
  EXPECT_LE(worst, 2e-7);
  EXPECT_GT(worst, 1e-9);
  RecordProperty("worst_relative_error", std::to_string(worst));
}

TEST(Math, ExpAtItsEdges) {
  EXPECT_EQ(exp_f32(0.0f), 1.0f);
  EXPECT_EQ(exp_f32(-0.0f), 1.0f);
  EXPECT_EQ(exp_f32(-kInfinity), 0.0f);
  EXPECT_EQ(exp_f32(-1e30f), 0.0f);
  EXPECT_EQ(exp_f32(kInfinity), kInfinity);
  EXPECT_EQ(exp_f32(89.0f), kInfinity);
  EXPECT_TRUE(std::isfinite(exp_f32(88.72f)));
  EXPECT_TRUE(std::isnan(exp_f32(kNan)));
  EXPECT_TRUE(std::isnan(exp_f32(std::bit_cast<float>(0x7fc00001u))));
  EXPECT_TRUE(std::isnan(exp_f32(std::bit_cast<float>(0xffc001ffu))));
}

TEST(Math, TanhIsAccurateAndOdd) {
  double worst = 0;
  for (float x = 1e-6f; x < 12.0f; x *= 1.00001f) {
    worst = std::max(worst, std::fabs(tanh_f32(x) / std::tanh(static_cast<double>(x)) - 1));
    ASSERT_EQ(tanh_f32(-x), -tanh_f32(x));
    ASSERT_LE(tanh_f32(x), 1.0f);
  }
  EXPECT_LE(worst, 4e-7);
  EXPECT_EQ(tanh_f32(kInfinity), 1.0f);
  EXPECT_EQ(tanh_f32(-kInfinity), -1.0f);
  EXPECT_TRUE(std::signbit(tanh_f32(-0.0f)));
  EXPECT_TRUE(std::isnan(tanh_f32(kNan)));
}

TEST(Math, ActivationsFollowTheirFormulas) {
  for (double x = -30; x < 30; x += 0.001) {
    float f = static_cast<float>(x);
    double exact = f;
    EXPECT_NEAR(sigmoid_f32(f), 1 / (1 + std::exp(-exact)), 2e-7);
    EXPECT_NEAR(silu_f32(f), exact / (1 + std::exp(-exact)), 3e-7 * (1 + std::fabs(exact)));
    double u = std::sqrt(2 / 3.14159265358979) * (exact + 0.044715 * exact * exact * exact);
    EXPECT_NEAR(gelu_tanh_f32(f), 0.5 * exact * (1 + std::tanh(u)), 3e-7 * (1 + std::fabs(exact)));
  }
  EXPECT_EQ(gelu_tanh_f32(1e20f), 1e20f);
  EXPECT_EQ(silu_f32(-200.0f), 0.0f);
}

TEST(F16, EveryHalfReadsBackAndRoundingIsToNearestEven) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    float value = half_to_float(static_cast<uint16_t>(half));
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(half_to_float(float_to_half(value))));
    } else {
      ASSERT_EQ(float_to_half(value), half);
    }
  }
  for (uint32_t half = 0; half < 0x7bff; ++half) {  // halfway to the next half: to the even one
    float middle = (half_to_float(half) + half_to_float(half + 1)) / 2;
    ASSERT_EQ(float_to_half(middle), half + (half & 1));
    ASSERT_EQ(float_to_half(std::nextafter(middle, kInfinity)), half + 1);
    ASSERT_EQ(float_to_half(-std::nextafter(middle, 0.0f)), 0x8000 + half);
  }
  EXPECT_EQ(float_to_half(65519.996f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(-1e30f), 0xfc00);
  EXPECT_EQ(float_to_half(1e-30f), 0);
}

}  // namespace
}  // namespace weft
