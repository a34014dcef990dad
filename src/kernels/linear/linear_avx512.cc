// AVX-512 with VNNI: 32 outputs are two registers of int32 lanes, activations are two int8 planes of which four inputs
// at a time are broadcast. A group of one row of `values` is 32 bytes of hi followed by 32 bytes of lo.
// GCC 12's own intrinsics pass a deliberately undefined register, which it then warns about where they are inlined.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

#include <immintrin.h>

#include "kernels/linear/linear_definition.h"

namespace weft {
namespace {

// 4 rows x 2 registers x (sums of two planes + chains) = 24 of 32 registers. Taller tiles (5, 6), which spill or read
// the codes twice, and unpacking nibbles beforehand were 3-15 % slower on Zen 4 at 8 to 512 rows.
constexpr int kMaxTileRows = 4;
constexpr int kMaxPlainTileRows = 8;
constexpr int64_t kPrefetchBytes =
    4096;  // ahead in the stream of weights; 2 to 8 KiB are alike on Zen 4, 1 KiB is slower

// ---- activations ----

void quantise_group(const float* x, int8_t* planes, ActivationGroup* group) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  __m512 x0 = _mm512_loadu_ps(x), x1 = _mm512_loadu_ps(x + 16);
  __m512i bits = _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(x0), magnitude),
                                  _mm512_and_si512(_mm512_castps_si512(x1), magnitude));
  uint32_t max_bits = _mm512_reduce_max_epu32(bits);
  if (max_bits < kSmallestMaxBits || max_bits >= kInfinityBits) {
    _mm512_store_si512(planes, _mm512_setzero_si512());
    float scale = max_bits < kSmallestMaxBits ? 0.0f : _mm_cvtss_f32(_mm_castsi128_ps(_mm_set1_epi32(kQuietNanBits)));
    *group = {scale, scale, {0, 0}};
    return;
  }
  float max = _mm_cvtss_f32(_mm_castsi128_ps(_mm_set1_epi32(static_cast<int>(max_bits))));
  __m512 inverse = _mm512_set1_ps(kActivationSteps / max);
  __m512i q0 = _mm512_cvtps_epi32(_mm512_mul_ps(x0, inverse)), q1 = _mm512_cvtps_epi32(_mm512_mul_ps(x1, inverse));
  const __m512i half = _mm512_set1_epi32(64);
  __m512i hi0 = _mm512_srai_epi32(_mm512_add_epi32(q0, half), 7);
  __m512i hi1 = _mm512_srai_epi32(_mm512_add_epi32(q1, half), 7);
  __m512i lo0 = _mm512_sub_epi32(q0, _mm512_slli_epi32(hi0, 7)), lo1 = _mm512_sub_epi32(q1, _mm512_slli_epi32(hi1, 7));
  _mm_store_si128(reinterpret_cast<__m128i*>(planes), _mm512_cvtepi32_epi8(hi0));
  _mm_store_si128(reinterpret_cast<__m128i*>(planes + 16), _mm512_cvtepi32_epi8(hi1));
  _mm_store_si128(reinterpret_cast<__m128i*>(planes + 32), _mm512_cvtepi32_epi8(lo0));
  _mm_store_si128(reinterpret_cast<__m128i*>(planes + 48), _mm512_cvtepi32_epi8(lo1));
  int32_t sum0 = _mm512_reduce_add_epi32(q0), sum1 = _mm512_reduce_add_epi32(q1);
  float scale = max / kActivationSteps;
  *group = {scale, scale * static_cast<float>(sum0 + sum1), {sum0, sum1}};
}

void quantise_rows(const float* x, int64_t x_stride, int64_t rows, int64_t num_groups, int16_t* values,
                   ActivationGroup* groups) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t group = 0; group < num_groups; ++group) {
      int64_t place = row * num_groups + group;
      quantise_group(x + row * x_stride + group * kGroupInputs,
                     reinterpret_cast<int8_t*>(values + place * kGroupInputs), groups + place);
    }
  }
}

// ---- scales ----

constexpr bool has_min(ScaleLayout scales) {
  return scales == ScaleLayout::kHalfMin || scales == ScaleLayout::kSuperMin;
}
constexpr int num_halves(ScaleLayout scales) { return scales == ScaleLayout::kSuper16 ? 2 : 1; }
constexpr int scale_bytes(ScaleLayout scales) { return scales == ScaleLayout::kHalfMin ? 128 : 64; }
constexpr int super_bytes(ScaleLayout scales) {
  return scales == ScaleLayout::kSuperMin ? 128 : scales == ScaleLayout::kSuper16 ? 64 : 0;
}

inline __m512 load_halves(const uint8_t* place) {
  return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(place)));
}
inline __m512 load_bytes(const uint8_t* place) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(place))));
}
inline __m512 load_signed_bytes(const uint8_t* place) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(place))));
}

// Scales of outputs 16 * part .. 16 * part + 15.
template <ScaleLayout kScales>
inline __m512 load_scale(const uint8_t* scales, const uint8_t* super, int half, int part) {
  if constexpr (kScales == ScaleLayout::kSuperMin) {
    return _mm512_mul_ps(load_halves(super + part * 32), load_bytes(scales + part * 16));
  } else if constexpr (kScales == ScaleLayout::kSuper16) {
    return _mm512_mul_ps(load_halves(super + part * 32), load_signed_bytes(scales + half * 32 + part * 16));
  } else {
    return load_halves(scales + part * 32);
  }
}

// acc + min * scaled_sum
template <ScaleLayout kScales>
inline __m512 add_min(const uint8_t* scales, const uint8_t* super, int part, __m512 scaled_sum, __m512 acc) {
  if constexpr (kScales == ScaleLayout::kSuperMin) {
    __m512 negative = _mm512_mul_ps(load_halves(super + 64 + part * 32), load_bytes(scales + 32 + part * 16));
    return _mm512_fnmadd_ps(negative, scaled_sum, acc);
  } else {
    return _mm512_fmadd_ps(load_halves(scales + 64 + part * 32), scaled_sum, acc);
  }
}

// ---- tiles of kRows rows x 32 outputs ----

using AliasedInt = int32_t __attribute__((may_alias));

// Four int8 of one plane in every lane.
inline __m512i broadcast4(const int8_t* plane) {
  return _mm512_set1_epi32(*reinterpret_cast<const AliasedInt*>(plane));
}

// The codes of 4 inputs and outputs 16 * part .. 16 * part + 15.
template <bool kNibbles>
inline __m512i load_codes(const uint8_t* codes, int step, int part) {
  if constexpr (kNibbles) {
    __m512i both = _mm512_load_si512(codes + step * 64);
    return _mm512_and_si512(part == 0 ? both : _mm512_srli_epi16(both, 4), _mm512_set1_epi8(15));
  } else {
    return _mm512_load_si512(codes + step * 128 + part * 64);
  }
}

// Integer sums of kSteps * 4 inputs. `codes` and `planes` point to the first of these inputs, totals[r] is the sum
// of their q.
template <bool kNibbles, bool kZero, int kSteps, int kRows>
inline void sum_products(const uint8_t* codes, const int8_t* planes, int64_t planes_stride, const int32_t* totals,
                         __m512i (&sum)[kRows][2]) {
  __m512i hi[kRows][2], lo[kRows][2];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    __m512i start = _mm512_setzero_si512();
    if constexpr (kZero) {
      __m512i total = _mm512_set1_epi32(totals[r]);
      start = _mm512_sub_epi32(start, kNibbles ? _mm512_slli_epi32(total, 3) : _mm512_slli_epi32(total, 7));
    }
    hi[r][0] = hi[r][1] = _mm512_setzero_si512();
    lo[r][0] = lo[r][1] = start;
  }
#pragma GCC unroll 8
  for (int step = 0; step < kSteps; ++step) {
    __m512i w0 = load_codes<kNibbles>(codes, step, 0), w1 = load_codes<kNibbles>(codes, step, 1);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      __m512i a = broadcast4(planes + r * planes_stride + step * 4);
      __m512i b = broadcast4(planes + r * planes_stride + 32 + step * 4);
      hi[r][0] = _mm512_dpbusd_epi32(hi[r][0], w0, a);
      hi[r][1] = _mm512_dpbusd_epi32(hi[r][1], w1, a);
      lo[r][0] = _mm512_dpbusd_epi32(lo[r][0], w0, b);
      lo[r][1] = _mm512_dpbusd_epi32(lo[r][1], w1, b);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    sum[r][0] = _mm512_add_epi32(_mm512_slli_epi32(hi[r][0], 7), lo[r][0]);
    sum[r][1] = _mm512_add_epi32(_mm512_slli_epi32(hi[r][1], 7), lo[r][1]);
  }
}

inline void store_columns(__m512 acc, const float* bias, int64_t columns, int part, float* y) {
  int64_t left = columns - part * 16;
  if (left <= 0) return;
  __mmask16 mask = left >= 16 ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << left) - 1);
  if (bias != nullptr) acc = _mm512_add_ps(acc, _mm512_maskz_loadu_ps(mask, bias + part * 16));
  _mm512_mask_storeu_ps(y + part * 16, mask, acc);
}

// Rows first_row .. first_row + kRows - 1 times one panel, whose first output is `column` of the block.
template <bool kNibbles, ScaleLayout kScales, int kRows, bool kStream>
void quantised_tile(const QuantisedBlock& block, const uint8_t* panel, int64_t first_row, int64_t column) {
  constexpr int kHalves = num_halves(kScales), kSteps = 8 / kHalves;
  constexpr int kCodeBytes = kNibbles ? 512 : 1024, kGroupBytes = kCodeBytes + scale_bytes(kScales);
  constexpr bool kZero = !has_min(kScales);
  const int64_t planes_stride = block.num_groups * 64;
  const auto* planes = reinterpret_cast<const int8_t*>(block.values) + first_row * planes_stride;
  const ActivationGroup* groups = block.groups + first_row * block.num_groups;
  const uint8_t* super = nullptr;
  __m512 acc[kRows][2];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) acc[r][0] = acc[r][1] = _mm512_setzero_ps();
  for (int64_t g = 0; g < block.num_groups; ++g, planes += 64, ++groups, panel += kGroupBytes) {
    if constexpr (super_bytes(kScales) > 0) {
      if (g % kSuperGroups == 0) {
        super = panel;
        panel += super_bytes(kScales);
      }
    }
    if constexpr (kStream) {
#pragma GCC unroll 20
      for (int i = 0; i < kGroupBytes; i += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(panel) + kPrefetchBytes + i, _MM_HINT_T0);
      }
    }
    const uint8_t* scales = panel + kCodeBytes;
#pragma GCC unroll 2
    for (int half = 0; half < kHalves; ++half) {
      __m512i sum[kRows][2];
      // Without two scales per group the sums of both halves are needed together.
      int32_t totals[kRows];
      if constexpr (kZero) {
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          const int32_t* halves = groups[r * block.num_groups].sums;
          totals[r] = kHalves == 2 ? halves[half] : halves[0] + halves[1];
        }
      }
      const uint8_t* codes = panel + half * (kCodeBytes / 2);
      sum_products<kNibbles, kZero, kSteps, kRows>(codes, planes + half * 16, planes_stride, totals, sum);
      __m512 w0 = load_scale<kScales>(scales, super, half, 0), w1 = load_scale<kScales>(scales, super, half, 1);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        __m512 s = _mm512_set1_ps(groups[r * block.num_groups].scale);
        acc[r][0] = _mm512_fmadd_ps(w0, _mm512_mul_ps(_mm512_cvtepi32_ps(sum[r][0]), s), acc[r][0]);
        acc[r][1] = _mm512_fmadd_ps(w1, _mm512_mul_ps(_mm512_cvtepi32_ps(sum[r][1]), s), acc[r][1]);
      }
    }
    if constexpr (has_min(kScales)) {
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        __m512 scaled_sum = _mm512_set1_ps(groups[r * block.num_groups].scaled_sum);
        acc[r][0] = add_min<kScales>(scales, super, 0, scaled_sum, acc[r][0]);
        acc[r][1] = add_min<kScales>(scales, super, 1, scaled_sum, acc[r][1]);
      }
    }
  }
  const float* bias = block.bias == nullptr ? nullptr : block.bias + column;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    float* y = block.y + (first_row + r) * block.y_stride + column;
    store_columns(acc[r][0], bias, block.columns - column, 0, y);
    store_columns(acc[r][1], bias, block.columns - column, 1, y);
  }
}

template <bool kNibbles, ScaleLayout kScales, bool kStream>
void quantised_rows(const QuantisedBlock& block, const uint8_t* panel, int64_t first_row, int64_t rows,
                    int64_t column) {
  switch (rows) {
    case 1:
      return quantised_tile<kNibbles, kScales, 1, kStream>(block, panel, first_row, column);
    case 2:
      return quantised_tile<kNibbles, kScales, 2, kStream>(block, panel, first_row, column);
    case 3:
      return quantised_tile<kNibbles, kScales, 3, kStream>(block, panel, first_row, column);
    default:
      return quantised_tile<kNibbles, kScales, 4, kStream>(block, panel, first_row, column);
  }
}

template <bool kNibbles, ScaleLayout kScales>
void quantised_panels(const QuantisedBlock& block) {
  for (int64_t column = 0; column < block.columns; column += kPanelColumns) {
    const uint8_t* panel = block.panels + column / kPanelColumns * block.panel_bytes;
    int64_t tiles = (block.rows + kMaxTileRows - 1) / kMaxTileRows;  // of almost equal height: 8 rows are 4 + 4
    for (int64_t tile = 0; tile < tiles; ++tile) {
      int64_t begin = tile * block.rows / tiles, end = (tile + 1) * block.rows / tiles;
      if (tile == 0) {
        quantised_rows<kNibbles, kScales, true>(block, panel, begin, end - begin, column);
      } else {
        quantised_rows<kNibbles, kScales, false>(block, panel, begin, end - begin, column);
      }
    }
  }
}

void quantised(const QuantisedBlock& block) {
  bool nibbles = block.layout == PackedLayout::kQ4;
  switch (block.scales) {
    case ScaleLayout::kHalf:
      return nibbles ? quantised_panels<true, ScaleLayout::kHalf>(block)
                     : quantised_panels<false, ScaleLayout::kHalf>(block);
    case ScaleLayout::kHalfMin:
      return nibbles ? quantised_panels<true, ScaleLayout::kHalfMin>(block)
                     : quantised_panels<false, ScaleLayout::kHalfMin>(block);
    case ScaleLayout::kSuperMin:
      return nibbles ? quantised_panels<true, ScaleLayout::kSuperMin>(block)
                     : quantised_panels<false, ScaleLayout::kSuperMin>(block);
    case ScaleLayout::kSuper16:
      return quantised_panels<false, ScaleLayout::kSuper16>(block);
    case ScaleLayout::kNone:
      return;
  }
}

// ---- plain weights ----

template <PackedLayout kLayout>
inline __m512 load_weights(const uint8_t* panel, int64_t index) {
  if constexpr (kLayout == PackedLayout::kF32) {
    return _mm512_load_ps(reinterpret_cast<const float*>(panel) + index);
  } else {
    __m256i halves = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel + index * 2));
    if constexpr (kLayout == PackedLayout::kF16) return _mm512_cvtph_ps(halves);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
}

// kRows rows times kPanels neighbouring panels: as many chains as it takes to hide the latency of an FMA.
template <PackedLayout kLayout, int kRows, int kPanels>
void plain_tile(const PlainBlock& block, int64_t first_row, int64_t column) {
  constexpr int kElementBytes = kLayout == PackedLayout::kF32 ? 4 : 2;
  const uint8_t* panel = block.panels + column / kPanelColumns * block.panel_bytes;
  const float* x = block.x + first_row * block.x_stride;
  __m512 acc[kRows][kPanels][2];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int p = 0; p < kPanels; ++p) acc[r][p][0] = acc[r][p][1] = _mm512_setzero_ps();
  }
  for (int64_t i = 0; i < block.k; ++i) {
#pragma GCC unroll 4
    for (int p = 0; p < kPanels; ++p) {
      const uint8_t* weights = panel + p * block.panel_bytes;
      if constexpr (kRows <= 2) {
        _mm_prefetch(reinterpret_cast<const char*>(weights) + i * (kPanelColumns * kElementBytes) + kPrefetchBytes / 2,
                     _MM_HINT_T0);
      }
      __m512 w0 = load_weights<kLayout>(weights, i * kPanelColumns);
      __m512 w1 = load_weights<kLayout>(weights, i * kPanelColumns + 16);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        __m512 value = _mm512_set1_ps(x[r * block.x_stride + i]);
        acc[r][p][0] = _mm512_fmadd_ps(value, w0, acc[r][p][0]);
        acc[r][p][1] = _mm512_fmadd_ps(value, w1, acc[r][p][1]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int p = 0; p < kPanels; ++p) {
      int64_t first = column + p * kPanelColumns;
      const float* bias = block.bias == nullptr ? nullptr : block.bias + first;
      float* y = block.y + (first_row + r) * block.y_stride + first;
      store_columns(acc[r][p][0], bias, block.columns - first, 0, y);
      store_columns(acc[r][p][1], bias, block.columns - first, 1, y);
    }
  }
}

template <PackedLayout kLayout>
void plain_rows(const PlainBlock& block, int64_t first_row, int64_t rows, int64_t column) {
  switch (rows) {
    case 1:
      return plain_tile<kLayout, 1, 1>(block, first_row, column);
    case 2:
      return plain_tile<kLayout, 2, 1>(block, first_row, column);
    case 3:
      return plain_tile<kLayout, 3, 1>(block, first_row, column);
    case 4:
      return plain_tile<kLayout, 4, 1>(block, first_row, column);
    case 5:
      return plain_tile<kLayout, 5, 1>(block, first_row, column);
    case 6:
      return plain_tile<kLayout, 6, 1>(block, first_row, column);
    case 7:
      return plain_tile<kLayout, 7, 1>(block, first_row, column);
    default:
      return plain_tile<kLayout, 8, 1>(block, first_row, column);
  }
}

template <PackedLayout kLayout>
void plain_panels(const PlainBlock& block) {
  int64_t column = 0;
  if (block.rows == 1) {
    for (; column + 3 * kPanelColumns < block.columns; column += 4 * kPanelColumns) {
      plain_tile<kLayout, 1, 4>(block, 0, column);
    }
  } else if (block.rows == 2) {
    for (; column + kPanelColumns < block.columns; column += 2 * kPanelColumns) {
      plain_tile<kLayout, 2, 2>(block, 0, column);
    }
  }
  for (; column < block.columns; column += kPanelColumns) {
    int64_t tiles = (block.rows + kMaxPlainTileRows - 1) / kMaxPlainTileRows;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      int64_t begin = tile * block.rows / tiles, end = (tile + 1) * block.rows / tiles;
      plain_rows<kLayout>(block, begin, end - begin, column);
    }
  }
}

void plain(const PlainBlock& block) {
  switch (block.layout) {
    case PackedLayout::kF32:
      return plain_panels<PackedLayout::kF32>(block);
    case PackedLayout::kF16:
      return plain_panels<PackedLayout::kF16>(block);
    default:
      return plain_panels<PackedLayout::kBF16>(block);
  }
}

}  // namespace

const LinearKernels kLinearAvx512{"avx512", quantise_rows, quantised, plain};

}  // namespace weft
