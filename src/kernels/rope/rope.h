// Rotary position embedding in halves ("NeoX" order): elements i and i + rotary_dim / 2 of a head form pair i.
//   out[i]        = fma(x[i],        cos, -(x[i + half] * sin))
//   out[i + half] = fma(x[i + half], cos,   x[i] * sin)
// with cos and sin of position * frequency[i], computed in double and rounded once to f32.
#pragma once

#include <span>

#include "base/status.h"
#include "kernels/cpu_core/variants.h"
#include "kernels/op_context.h"
#include "kernels/rope/rope_args.h"
#include "tensor/matrix.h"

namespace weft {

// How a model stretches its positions. frequency[i] = base^(-2i / rotary_dim), then:
// kLinear: divided by `factor`. kLlama3: wavelengths above original / low_factor are divided by `factor`, those below
// original / high_factor are kept, those between are blended (Llama 3.1's config, "rope_type": "llama3").
struct RopeScaling {
  enum class Kind { kNone, kLinear, kLlama3 };
  Kind kind = Kind::kNone;
  double factor = 1.0;
  double low_frequency_factor = 1.0;
  double high_frequency_factor = 4.0;
  double original_max_position = 8192;
};

// cos and sin for every position that will be served; 4 * rotary_dim bytes per position. Immutable: any thread reads.
class RopeTable {
 public:
  // rotary_dim: elements of a head that rotate, even, <= head_dim. `divisors` (GGUF's rope_freqs, rotary_dim / 2 of
  // them) further divide the frequencies; empty: none. Errors: values that make no sense, memory.
  static Result<RopeTable> build(int rotary_dim, double base, int64_t max_position, const RopeScaling& scaling = {},
                                 std::span<const float> divisors = {});

  int rotary_dim() const { return rotary_dim_; }
  int64_t max_position() const { return max_position_; }
  const float* cosines() const { return table_.as<float>(); }  // [max_position, rotary_dim / 2]
  const float* sines() const { return cosines() + max_position_ * (rotary_dim_ / 2); }

 private:
  int rotary_dim_ = 0;
  int64_t max_position_ = 0;
  Buffer table_;
};

// x: [T, num_heads * head_dim], rotated in place; positions: [T], each in 0 <= p < table.max_position(). Elements from
// rotary_dim on stay as they are.
void rope(OpContext& context, MatrixF x, int num_heads, int head_dim, std::span<const int32_t> positions,
          const RopeTable& table);

std::span<const Variant<RopeFunction>> rope_variants();

}  // namespace weft
