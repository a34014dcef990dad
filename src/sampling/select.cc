#include "sampling/select.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "base/check.h"

namespace weft {
namespace {

constexpr size_t kBlock = 64;  // elements per block maximum in top_k()

struct BetterFirst {
  std::span<const float> values;
  bool operator()(int32_t a, int32_t b) const { return values[a] != values[b] ? values[a] > values[b] : a < b; }
};

// A bin per sign, exponent and 4 leading mantissa bits: monotone in the weight, 1/16 of an octave wide.
constexpr int kBinShift = 19;
constexpr size_t kNumBins = (0x7f80'0000u >> kBinShift) + 1;
size_t bin_of(float weight) { return std::bit_cast<uint32_t>(weight) >> kBinShift; }

float max_of(std::span<const float> values) {
  float max = -std::numeric_limits<float>::infinity();
  for (float value : values) max = value > max ? value : max;
  return max;
}

}  // namespace

int32_t argmax(std::span<const float> values) {
  // The largest value first (a loop that vectorises), then where it stands.
  float max = max_of(values);
  return static_cast<int32_t>(std::find(values.begin(), values.end(), max) - values.begin());
}

std::span<const int32_t> Selector::top_k(std::span<const float> values, size_t k) {
  CHECK(k >= 1);
  k = std::min(k, values.size());
  // k blocks whose maxima are at least `bound` hold k elements that are at least `bound`: no smaller one can be chosen.
  float bound = -std::numeric_limits<float>::infinity();
  size_t num_blocks = (values.size() + kBlock - 1) / kBlock;
  if (k < num_blocks) {
    block_max_.clear();
    for (size_t start = 0; start < values.size(); start += kBlock) {
      block_max_.push_back(max_of(values.subspan(start, std::min(kBlock, values.size() - start))));
    }
    std::nth_element(block_max_.begin(), block_max_.begin() + static_cast<ptrdiff_t>(k - 1), block_max_.end(),
                     std::greater<>());
    bound = block_max_[k - 1];
  }
  indices_.clear();
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= bound) indices_.push_back(static_cast<int32_t>(i));
  }
  BetterFirst better{values};
  auto end = indices_.begin() + static_cast<ptrdiff_t>(k);
  if (k < indices_.size()) std::nth_element(indices_.begin(), end - 1, indices_.end(), better);
  std::sort(indices_.begin(), end, better);
  return {indices_.data(), k};
}

void Selector::keep_top_p(std::span<float> weights, double sum, double top_p) {
  bin_mass_.assign(kNumBins, 0.0);
  for (float weight : weights) bin_mass_[bin_of(weight)] += weight;
  // The bin in which the running mass reaches its target: bins above stay whole, bins below go.
  double target = sum * top_p;
  double mass = 0;
  size_t bin = kNumBins - 1;
  while (bin > 0 && mass + bin_mass_[bin] < target) mass += bin_mass_[bin--];
  indices_.clear();
  for (size_t i = 0; i < weights.size(); ++i) {
    size_t own = bin_of(weights[i]);
    if (own == bin) indices_.push_back(static_cast<int32_t>(i));
    if (own < bin) weights[i] = 0;
  }
  std::sort(indices_.begin(), indices_.end(), BetterFirst{weights});
  for (int32_t i : indices_) {
    if (mass >= target) {
      weights[i] = 0;
    } else {
      mass += weights[i];
    }
  }
}

}  // namespace weft
