// Which tokens survive truncation, without sorting the vocabulary. One total order is used everywhere: the higher value
// first, of equal values the lower index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weft {

// Index of the first largest element. `values` is not empty and holds no NaN.
int32_t argmax(std::span<const float> values);

// Keeps its scratch memory between calls; for one thread.
class Selector {
 public:
  // Indices of the min(k, size) first elements of the order, in that order; k >= 1. O(V) plus the sort of about k.
  std::span<const int32_t> top_k(std::span<const float> values, size_t k);

  // Sets to 0 every weight outside the smallest head of the order (by weights) that holds at least top_p of the sum;
  // at least one weight stays. Weights are >= 0, finite, with `sum` > 0. top_p in (0, 1).
  void keep_top_p(std::span<float> weights, double sum, double top_p);

 private:
  std::vector<float> block_max_;
  std::vector<int32_t> indices_;
  std::vector<double> bin_mass_;
};

}  // namespace weft
