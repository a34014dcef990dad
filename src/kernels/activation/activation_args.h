// What the variants of the gated activations get. Plain data: ISA files include this.
#pragma once

#include <cstdint>

namespace weft {

enum class GatedActivation : int32_t { kSilu, kGeluTanh };

struct ActivationArgs {
  GatedActivation kind;
  const float* gate;  // [rows, cols]
  int64_t gate_stride;
  const float* up;  // [rows, cols]
  int64_t up_stride;
  float* out;  // [rows, cols]
  int64_t out_stride;
  int64_t cols;
};

// Rows begin <= r < end.
using ActivationFunction = void (*)(const ActivationArgs& args, int64_t begin, int64_t end);
void activation_rows_ref(const ActivationArgs& args, int64_t begin, int64_t end);
void activation_rows_avx2(const ActivationArgs& args, int64_t begin, int64_t end);
void activation_rows_avx512(const ActivationArgs& args, int64_t begin, int64_t end);

}  // namespace weft
