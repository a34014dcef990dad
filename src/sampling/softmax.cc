#include "sampling/softmax.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace weft {
namespace {

constexpr size_t kLanes = 16;  // partial sums; a fixed number, whatever the vector width of the machine

// e^x = 2^n * e^r with n = round(x / ln 2) and |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7, whose
// truncation error (4e-9 relative) is far below a float's rounding.
inline float exp_kernel(float x) {
  constexpr float kRoundMagic = 0x1.8p23f;      // adding and subtracting it rounds to an integer
  constexpr float kLog2e = 0x1.715476p0f;       // 1 / ln 2
  constexpr float kLn2High = 0x1.62e4p-1f;      // ln 2 in two parts: n * kLn2High is exact
  constexpr float kLn2Low = 0x1.7f7d1cf8p-20f;  // ln 2 - kLn2High
  float clamped = x < -87.0f ? -87.0f : x;
  float shifted = clamped * kLog2e + kRoundMagic;
  float n = shifted - kRoundMagic;
  float r = (clamped - n * kLn2High) - n * kLn2Low;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // 2^n: the integer n sits in the low bits of `shifted`; n >= -126, so the result is normal.
  auto scale = std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) + 127) << 23);
  float result = p * scale;
  return x < -87.0f ? 0.0f : result;
}

double sum_lanes(const std::array<double, kLanes>& lanes) {
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

}  // namespace

float exp_nonpositive(float x) { return exp_kernel(x); }

std::optional<float> finite_max(std::span<const float> logits) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  std::array<float, kLanes> max;
  max.fill(-std::numeric_limits<float>::infinity());
  std::array<uint32_t, kLanes> bad{};
  size_t whole = logits.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      float x = logits[i + lane];
      bad[lane] |= x <= kLargest ? 0u : 1u;  // also true for NaN
      max[lane] = x > max[lane] ? x : max[lane];
    }
  }
  uint32_t any_bad = 0;
  float largest = -std::numeric_limits<float>::infinity();
  for (size_t lane = 0; lane < kLanes; ++lane) {
    any_bad |= bad[lane];
    largest = std::max(largest, max[lane]);
  }
  for (float x : logits.subspan(whole)) {
    any_bad |= x <= kLargest ? 0u : 1u;
    largest = x > largest ? x : largest;
  }
  if (any_bad != 0 || !std::isfinite(largest)) return std::nullopt;
  return largest;
}

double softmax_weights(std::span<const float> logits, float max, float inverse_temperature, std::span<float> weights) {
  const float* in = logits.data();
  float* out = weights.data();
  for (size_t i = 0; i < logits.size(); ++i) out[i] = exp_kernel((in[i] - max) * inverse_temperature);
  return ordered_sum(weights);
}

double ordered_sum(std::span<const float> weights) {
  std::array<double, kLanes> lanes{};
  const float* in = weights.data();
  size_t whole = weights.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += in[i + lane];
  }
  for (size_t i = whole; i < weights.size(); ++i) lanes[i - whole] += in[i];
  return sum_lanes(lanes);
}

double log_sum_exp(std::span<const float> logits, float max) {
  std::array<double, kLanes> lanes{};
  std::array<float, kLanes> block;
  const float* in = logits.data();
  size_t whole = logits.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) block[lane] = exp_kernel(in[i + lane] - max);
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += block[lane];
  }
  for (size_t i = whole; i < logits.size(); ++i) lanes[i - whole] += exp_kernel(in[i] - max);
  return max + std::log(sum_lanes(lanes));
}

}  // namespace weft
