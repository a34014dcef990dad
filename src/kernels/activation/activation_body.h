// The vector body of the gated activations; included by the ISA files after their lanes and lanes_math.h.
#pragma once

#include "kernels/activation/activation_args.h"

namespace weft {
namespace {

template <GatedActivation kKind>
inline Lanes activate(Lanes x) {
  return kKind == GatedActivation::kSilu ? lanes_silu(x) : lanes_gelu_tanh(x);
}

template <GatedActivation kKind>
inline void activation_rows_of_kind(const ActivationArgs& args, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* gate = args.gate + row * args.gate_stride;
    const float* up = args.up + row * args.up_stride;
    float* out = args.out + row * args.out_stride;
    int64_t i = 0;
    for (; i + 16 <= args.cols; i += 16) {
      lanes_store(out + i, lanes_mul(activate<kKind>(lanes_load(gate + i)), lanes_load(up + i)));
    }
    int64_t rest = args.cols - i;
    if (rest > 0) {
      Lanes value = lanes_mul(activate<kKind>(lanes_load_first(gate + i, rest)), lanes_load_first(up + i, rest));
      lanes_store_first(out + i, value, rest);
    }
  }
}

inline void activation_rows(const ActivationArgs& args, int64_t begin, int64_t end) {
  if (args.kind == GatedActivation::kSilu) {
    activation_rows_of_kind<GatedActivation::kSilu>(args, begin, end);
  } else {
    activation_rows_of_kind<GatedActivation::kGeluTanh>(args, begin, end);
  }
}

}  // namespace
}  // namespace weft
