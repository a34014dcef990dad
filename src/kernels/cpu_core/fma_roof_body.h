// The body of fma_roof; included by the ISA files after their lanes.
#pragma once

#include "kernels/cpu_core/fma_roof.h"

namespace weft {
namespace {

// Twice as many chains as hide the latency of an FMA on any CPU so far, and few enough for the registers.
constexpr int kRoofChains = kLaneAccumulators < 12 ? kLaneAccumulators : 12;

inline int64_t fma_roof(int64_t rounds, float* sink) {
  float start[16 * kRoofChains];  // all different: equal lanes would be computed once
  for (int i = 0; i < 16 * kRoofChains; ++i) start[i] = static_cast<float>(i) + *sink;
  Lanes chains[kRoofChains];
#pragma GCC unroll 12
  for (int c = 0; c < kRoofChains; ++c) chains[c] = lanes_load(start + 16 * c);
  const Lanes factor = lanes_set(0.999f + *sink);
  const Lanes term = lanes_set(0.001f);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int c = 0; c < kRoofChains; ++c) chains[c] = lanes_fma(chains[c], factor, term);
  }
  Lanes total = chains[0];
#pragma GCC unroll 12
  for (int c = 1; c < kRoofChains; ++c) total = lanes_add(total, chains[c]);
  *sink = lanes_sum(total);
  return rounds * kRoofChains * 32;
}

}  // namespace
}  // namespace weft
