// The scalar variant: linear_definition.h written down. Slow, obvious, the truth that the other variants are tested
// against, and what runs on CPUs without AVX2.
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/cpu_core/half.h"
#include "kernels/linear/linear_definition.h"

namespace weft {
namespace {

void quantise_group(const float* x, int16_t* q, ActivationGroup& group) {
  uint32_t max_bits = 0;
  for (int i = 0; i < kGroupInputs; ++i) {
    uint32_t bits = std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu;
    max_bits = bits > max_bits ? bits : max_bits;
  }
  float max = std::bit_cast<float>(max_bits);
  bool usable = max_bits >= kSmallestMaxBits && max_bits < kInfinityBits;
  group = {usable ? max / kActivationSteps : 0.0f, 0.0f, {0, 0}};
  float inverse = usable ? kActivationSteps / max : 0.0f;
  for (int i = 0; i < kGroupInputs; ++i) {
    q[i] = usable ? static_cast<int16_t>(std::lrint(x[i] * inverse)) : int16_t{0};  // rounds to nearest even
    group.sums[i / 16] += q[i];
  }
  if (max_bits >= kInfinityBits) group.scale = std::bit_cast<float>(kQuietNanBits);
  group.scaled_sum = group.scale * static_cast<float>(group.sums[0] + group.sums[1]);
}

void quantise_rows(const float* x, int64_t x_stride, int64_t rows, int64_t num_groups, int16_t* values,
                   ActivationGroup* groups) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t group = 0; group < num_groups; ++group) {
      int64_t place = row * num_groups + group;
      quantise_group(x + row * x_stride + group * kGroupInputs, values + place * kGroupInputs, groups[place]);
    }
  }
}

float load_half(const uint8_t* bytes) {
  uint16_t half;
  std::memcpy(&half, bytes, sizeof(half));
  return half_to_float(half);
}

// The codes and scales of one group of one panel, as 32 columns.
struct UnpackedGroup {
  uint8_t codes[kGroupInputs][kPanelColumns];
  float scales[2][kPanelColumns];  // for inputs 0..15 and 16..31
  float mins[kPanelColumns];
};

void unpack_codes(PackedLayout layout, const uint8_t* codes, UnpackedGroup& out) {
  for (int i = 0; i < kGroupInputs; ++i) {
    for (int c = 0; c < kPanelColumns; ++c) {
      if (layout == PackedLayout::kQ8) {
        out.codes[i][c] = codes[(i / 4 * kPanelColumns + c) * 4 + i % 4];
      } else {
        uint8_t both = codes[(i / 4 * 16 + c % 16) * 4 + i % 4];
        out.codes[i][c] = c < 16 ? both & 15 : both >> 4;
      }
    }
  }
}

void unpack_scales(ScaleLayout layout, const uint8_t* scales, const uint8_t* super, UnpackedGroup& out) {
  for (int c = 0; c < kPanelColumns; ++c) {
    out.mins[c] = 0;
    if (layout == ScaleLayout::kHalf || layout == ScaleLayout::kHalfMin) {
      out.scales[0][c] = out.scales[1][c] = load_half(scales + c * 2);
      if (layout == ScaleLayout::kHalfMin) out.mins[c] = load_half(scales + 64 + c * 2);
    } else if (layout == ScaleLayout::kSuperMin) {
      out.scales[0][c] = out.scales[1][c] = load_half(super + c * 2) * static_cast<float>(scales[c]);
      out.mins[c] = -(load_half(super + 64 + c * 2) * static_cast<float>(scales[32 + c]));
    } else {
      for (int half = 0; half < 2; ++half) {
        out.scales[half][c] = load_half(super + c * 2) * static_cast<float>(static_cast<int8_t>(scales[half * 32 + c]));
      }
    }
  }
}

// Adds one group to the chains of one row and 32 columns.
void add_group(const QuantisedBlock& block, const UnpackedGroup& weights, const int16_t* q,
               const ActivationGroup& activation, float* acc) {
  bool has_min = block.scales == ScaleLayout::kHalfMin || block.scales == ScaleLayout::kSuperMin;
  int zero = has_min ? 0 : block.layout == PackedLayout::kQ4 ? 8 : 128;
  int halves = block.scales == ScaleLayout::kSuper16 ? 2 : 1;
  for (int half = 0; half < halves; ++half) {
    int32_t sums[kPanelColumns] = {};
    int first = half * 16, last = halves == 2 ? first + 16 : kGroupInputs;
    for (int i = first; i < last; ++i) {
      for (int c = 0; c < kPanelColumns; ++c) sums[c] += (weights.codes[i][c] - zero) * q[i];
    }
    for (int c = 0; c < kPanelColumns; ++c) {
      acc[c] = std::fma(weights.scales[half][c], static_cast<float>(sums[c]) * activation.scale, acc[c]);
    }
  }
  if (!has_min) return;
  for (int c = 0; c < kPanelColumns; ++c) acc[c] = std::fma(weights.mins[c], activation.scaled_sum, acc[c]);
}

void store_row(const float* acc, const float* bias, int64_t columns, float* y) {
  for (int64_t c = 0; c < columns && c < kPanelColumns; ++c) y[c] = bias != nullptr ? acc[c] + bias[c] : acc[c];
}

// One panel times all rows. y itself keeps the chains of all rows between groups only when it is as wide as a panel, so
// the rows go outermost and a group is unpacked once per row.
void quantised_panel(const QuantisedBlock& block, const uint8_t* panel, int64_t column) {
  const int64_t code_bytes = block.layout == PackedLayout::kQ4 ? 512 : 1024;
  const int64_t scale_bytes = block.scales == ScaleLayout::kHalfMin ? 128 : 64;
  const bool has_super = block.scales == ScaleLayout::kSuperMin || block.scales == ScaleLayout::kSuper16;
  const int64_t super_bytes = block.scales == ScaleLayout::kSuperMin ? 128 : 64;
  UnpackedGroup weights;
  for (int64_t row = 0; row < block.rows; ++row) {
    float acc[kPanelColumns] = {};
    const uint8_t* place = panel;
    const uint8_t* super = nullptr;
    for (int64_t group = 0; group < block.num_groups; ++group) {
      if (has_super && group % kSuperGroups == 0) {
        super = place;
        place += super_bytes;
      }
      unpack_codes(block.layout, place, weights);
      unpack_scales(block.scales, place + code_bytes, super, weights);
      int64_t activation = row * block.num_groups + group;
      add_group(block, weights, block.values + activation * kGroupInputs, block.groups[activation], acc);
      place += code_bytes + scale_bytes;
    }
    store_row(acc, block.bias == nullptr ? nullptr : block.bias + column, block.columns - column,
              block.y + row * block.y_stride + column);
  }
}

void quantised(const QuantisedBlock& block) {
  for (int64_t column = 0; column < block.columns; column += kPanelColumns) {
    quantised_panel(block, block.panels + column / kPanelColumns * block.panel_bytes, column);
  }
}

float load_plain(PackedLayout layout, const uint8_t* panel, int64_t index) {
  if (layout == PackedLayout::kF32) {
    float value;
    std::memcpy(&value, panel + index * 4, sizeof(value));
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, panel + index * 2, sizeof(bits));
  return layout == PackedLayout::kF16 ? half_to_float(bits) : bfloat_to_float(bits);
}

void plain(const PlainBlock& block) {
  for (int64_t column = 0; column < block.columns; column += kPanelColumns) {
    const uint8_t* panel = block.panels + column / kPanelColumns * block.panel_bytes;
    for (int64_t row = 0; row < block.rows; ++row) {
      float acc[kPanelColumns] = {};
      const float* x = block.x + row * block.x_stride;
      for (int64_t i = 0; i < block.k; ++i) {
        for (int c = 0; c < kPanelColumns; ++c) {
          acc[c] = std::fma(x[i], load_plain(block.layout, panel, i * kPanelColumns + c), acc[c]);
        }
      }
      store_row(acc, block.bias == nullptr ? nullptr : block.bias + column, block.columns - column,
                block.y + row * block.y_stride + column);
    }
  }
}

}  // namespace

const LinearKernels kLinearRef{"scalar", quantise_rows, quantised, plain};

}  // namespace weft
