// What the variants of rope get. Plain data: ISA files include this.
#pragma once

#include <cstdint>

namespace weft {

struct RopeArgs {
  float* x;  // [tokens, num_heads * head_dim]
  int64_t x_stride;
  int32_t num_heads;
  int32_t head_dim;
  int32_t half;              // pairs per head; pair i is elements i and i + half
  const int32_t* positions;  // [tokens]
  const float* cosines;      // [max_position, half]
  const float* sines;        // [max_position, half]
};

// Tokens begin <= t < end.
using RopeFunction = void (*)(const RopeArgs& args, int64_t begin, int64_t end);
void rope_rows_ref(const RopeArgs& args, int64_t begin, int64_t end);
void rope_rows_avx2(const RopeArgs& args, int64_t begin, int64_t end);
void rope_rows_avx512(const RopeArgs& args, int64_t begin, int64_t end);

}  // namespace weft
