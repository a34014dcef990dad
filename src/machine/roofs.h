// What this machine can do at most, measured now: benchmarks print their results as a share of it.
#pragma once

#include "machine/compute_pool.h"
#include "machine/cpu_features.h"

namespace weft {

struct Roofs {
  double memory_bytes_per_s = 0;  // reading a buffer far larger than the caches, all threads
  double int8_ops_per_s = 0;      // u8 x s8 multiply-adds on registers, 2 operations each, all threads
};

// Both are 0 for kScalar. Takes about half a second on an idle machine.
Roofs measure_roofs(ComputePool& pool, Isa isa);

}  // namespace weft
