// AVX2 with FMA and F16C: 32 outputs are four registers of int32 lanes. vpmaddubsw would saturate with 8-bit codes, so
// activations stay int16 and codes are widened: even and odd inputs of four are separated by a mask and a shift, and
// `values` holds each four inputs in the order 0, 2, 1, 3, so that one vpmaddwd takes inputs 0 and 2, another 1 and 3.
#include <immintrin.h>

#include "kernels/linear/linear_definition.h"

namespace weft {
namespace {

constexpr int kMaxTileRows = 4;       // 4 rows x 2 registers of sums + codes + broadcasts fit 16 registers
constexpr int kMaxPlainTileRows = 3;  // 3 rows x 4 registers of chains + weights
constexpr int64_t kPrefetchBytes = 4096;

// ---- activations ----

inline uint32_t reduce_max(__m256i v) {
  __m128i m = _mm_max_epu32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4e));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0xb1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(m));
}

inline int32_t reduce_add(__m256i v) {
  __m128i m = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  m = _mm_add_epi32(m, _mm_shuffle_epi32(m, 0x4e));
  m = _mm_add_epi32(m, _mm_shuffle_epi32(m, 0xb1));
  return _mm_cvtsi128_si32(m);
}

inline float float_of_bits(uint32_t bits) {
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_set1_epi32(static_cast<int>(bits))));
}

void quantise_group(const float* x, int16_t* values, ActivationGroup* group) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256i max = _mm256_setzero_si256();
  for (int i = 0; i < 32; i += 8) {
    max = _mm256_max_epu32(max, _mm256_and_si256(_mm256_castps_si256(_mm256_loadu_ps(x + i)), magnitude));
  }
  uint32_t max_bits = reduce_max(max);
  if (max_bits < kSmallestMaxBits || max_bits >= kInfinityBits) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(values), _mm256_setzero_si256());
    _mm256_store_si256(reinterpret_cast<__m256i*>(values + 16), _mm256_setzero_si256());
    float scale = max_bits < kSmallestMaxBits ? 0.0f : float_of_bits(kQuietNanBits);
    *group = {scale, scale, {0, 0}};
    return;
  }
  const __m256 inverse = _mm256_set1_ps(kActivationSteps / float_of_bits(max_bits));
  // Each run of four int16: 0, 1, 2, 3 -> 0, 2, 1, 3.
  const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 0, 1, 4, 5, 2, 3, 6, 7,
                                         8, 9, 12, 13, 10, 11, 14, 15);
  int32_t sums[2];
  for (int half = 0; half < 2; ++half) {
    __m256i q0 = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + half * 16), inverse));
    __m256i q1 = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + half * 16 + 8), inverse));
    sums[half] = reduce_add(_mm256_add_epi32(q0, q1));
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(q0, q1), 0xd8);
    _mm256_store_si256(reinterpret_cast<__m256i*>(values + half * 16), _mm256_shuffle_epi8(packed, order));
  }
  float scale = float_of_bits(max_bits) / kActivationSteps;
  *group = {scale, scale * static_cast<float>(sums[0] + sums[1]), {sums[0], sums[1]}};
}

void quantise_rows(const float* x, int64_t x_stride, int64_t rows, int64_t num_groups, int16_t* values,
                   ActivationGroup* groups) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t group = 0; group < num_groups; ++group) {
      int64_t place = row * num_groups + group;
      quantise_group(x + row * x_stride + group * kGroupInputs, values + place * kGroupInputs, groups + place);
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

inline __m256 load_halves(const uint8_t* place) {
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(place)));
}
inline __m256 load_bytes(const uint8_t* place) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(place))));
}
inline __m256 load_signed_bytes(const uint8_t* place) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(place))));
}

// Scales of outputs 8 * part .. 8 * part + 7.
template <ScaleLayout kScales>
inline __m256 load_scale(const uint8_t* scales, const uint8_t* super, int half, int part) {
  if constexpr (kScales == ScaleLayout::kSuperMin) {
    return _mm256_mul_ps(load_halves(super + part * 16), load_bytes(scales + part * 8));
  } else if constexpr (kScales == ScaleLayout::kSuper16) {
    return _mm256_mul_ps(load_halves(super + part * 16), load_signed_bytes(scales + half * 32 + part * 8));
  } else {
    return load_halves(scales + part * 16);
  }
}

// acc + min * scaled_sum
template <ScaleLayout kScales>
inline __m256 add_min(const uint8_t* scales, const uint8_t* super, int part, __m256 scaled_sum, __m256 acc) {
  if constexpr (kScales == ScaleLayout::kSuperMin) {
    __m256 negative = _mm256_mul_ps(load_halves(super + 64 + part * 16), load_bytes(scales + 32 + part * 8));
    return _mm256_fnmadd_ps(negative, scaled_sum, acc);
  } else {
    return _mm256_fmadd_ps(load_halves(scales + 64 + part * 16), scaled_sum, acc);
  }
}

// ---- tiles of kRows rows x 32 outputs ----

using AliasedInt = int32_t __attribute__((may_alias));

// Two int16 activations in every lane.
inline __m256i broadcast2(const int16_t* values) {
  return _mm256_set1_epi32(*reinterpret_cast<const AliasedInt*>(values));
}

// The codes of 4 inputs and 8 outputs: parts 0..3 of 32 outputs.
template <bool kNibbles>
inline __m256i load_codes(const uint8_t* codes, int step, int part) {
  if constexpr (kNibbles) {
    __m256i both = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes + step * 64 + part % 2 * 32));
    return _mm256_and_si256(part < 2 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
  } else {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(codes + step * 128 + part * 32));
  }
}

// Integer sums of outputs 16 * pair .. 16 * pair + 15 over kSteps * 4 inputs.
template <bool kNibbles, int kSteps, int kRows>
inline void sum_pair(const uint8_t* codes, const int16_t* values, int64_t stride, int pair, __m256i (&sum)[kRows][2]) {
  const __m256i even_bytes = _mm256_set1_epi16(255);
  // Not unrolled: GCC would keep the broadcasts of all steps for the other pair, on the stack, at half the speed.
#pragma GCC unroll 1
  for (int step = 0; step < kSteps; ++step) {
    __m256i w0 = load_codes<kNibbles>(codes, step, pair * 2), w1 = load_codes<kNibbles>(codes, step, pair * 2 + 1);
    __m256i even0 = _mm256_and_si256(w0, even_bytes), odd0 = _mm256_srli_epi16(w0, 8);
    __m256i even1 = _mm256_and_si256(w1, even_bytes), odd1 = _mm256_srli_epi16(w1, 8);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      __m256i a = broadcast2(values + r * stride + step * 4), b = broadcast2(values + r * stride + step * 4 + 2);
      sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(even0, a));
      sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(odd0, b));
      sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(even1, a));
      sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(odd1, b));
    }
  }
}

inline __m256i column_mask(int64_t left) {
  int count = left >= 8 ? 8 : static_cast<int>(left);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline void store_columns(__m256 acc, const float* bias, int64_t columns, int part, float* y) {
  int64_t left = columns - part * 8;
  if (left <= 0) return;
  __m256i mask = column_mask(left);
  if (bias != nullptr) acc = _mm256_add_ps(acc, _mm256_maskload_ps(bias + part * 8, mask));
  _mm256_maskstore_ps(y + part * 8, mask, acc);
}

// Adds the outputs 16 * pair .. 16 * pair + 15 of one group to the chains, which live in memory between groups.
template <bool kNibbles, ScaleLayout kScales, int kRows>
inline void add_pair(const uint8_t* panel, const uint8_t* super, const int16_t* values, const ActivationGroup* groups,
                     int64_t num_groups, int pair, __m256 (&acc)[kRows][4]) {
  constexpr int kHalves = num_halves(kScales), kCodeBytes = kNibbles ? 512 : 1024;
  const uint8_t* scales = panel + kCodeBytes;
  for (int half = 0; half < kHalves; ++half) {
    __m256i sum[kRows][2];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      int32_t zero = 0;
      if constexpr (!has_min(kScales)) {
        const int32_t* sums = groups[r * num_groups].sums;
        zero = (kNibbles ? -8 : -128) * (kHalves == 2 ? sums[half] : sums[0] + sums[1]);
      }
      sum[r][0] = sum[r][1] = _mm256_set1_epi32(zero);
    }
    sum_pair<kNibbles, 8 / kHalves, kRows>(panel + half * (kCodeBytes / 2), values + half * 16, num_groups * 32, pair,
                                           sum);
#pragma GCC unroll 2
    for (int part = 0; part < 2; ++part) {
      __m256 scale = load_scale<kScales>(scales, super, half, pair * 2 + part);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        __m256 term = _mm256_mul_ps(_mm256_cvtepi32_ps(sum[r][part]), _mm256_set1_ps(groups[r * num_groups].scale));
        acc[r][pair * 2 + part] = _mm256_fmadd_ps(scale, term, acc[r][pair * 2 + part]);
      }
    }
  }
  if constexpr (has_min(kScales)) {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      __m256 scaled_sum = _mm256_set1_ps(groups[r * num_groups].scaled_sum);
      for (int part = pair * 2; part < pair * 2 + 2; ++part) {
        acc[r][part] = add_min<kScales>(scales, super, part, scaled_sum, acc[r][part]);
      }
    }
  }
}

template <bool kNibbles, ScaleLayout kScales, int kRows>
void quantised_tile(const QuantisedBlock& block, const uint8_t* panel, int64_t first_row, int64_t column) {
  constexpr int kGroupBytes = (kNibbles ? 512 : 1024) + scale_bytes(kScales);
  const int16_t* values = block.values + first_row * block.num_groups * kGroupInputs;
  const ActivationGroup* groups = block.groups + first_row * block.num_groups;
  const uint8_t* super = nullptr;
  __m256 acc[kRows][4];
  for (int r = 0; r < kRows; ++r) acc[r][0] = acc[r][1] = acc[r][2] = acc[r][3] = _mm256_setzero_ps();
  for (int64_t g = 0; g < block.num_groups; ++g, values += kGroupInputs, ++groups, panel += kGroupBytes) {
    if constexpr (super_bytes(kScales) > 0) {
      if (g % kSuperGroups == 0) {
        super = panel;
        panel += super_bytes(kScales);
      }
    }
    for (int i = 0; i < kGroupBytes; i += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(panel) + kPrefetchBytes + i, _MM_HINT_T0);
    }
    add_pair<kNibbles, kScales, kRows>(panel, super, values, groups, block.num_groups, 0, acc);
    add_pair<kNibbles, kScales, kRows>(panel, super, values, groups, block.num_groups, 1, acc);
  }
  const float* bias = block.bias == nullptr ? nullptr : block.bias + column;
  for (int r = 0; r < kRows; ++r) {
    float* y = block.y + (first_row + r) * block.y_stride + column;
    for (int part = 0; part < 4; ++part) store_columns(acc[r][part], bias, block.columns - column, part, y);
  }
}

template <bool kNibbles, ScaleLayout kScales>
void quantised_panels(const QuantisedBlock& block) {
  for (int64_t column = 0; column < block.columns; column += kPanelColumns) {
    const uint8_t* panel = block.panels + column / kPanelColumns * block.panel_bytes;
    int64_t tiles = (block.rows + kMaxTileRows - 1) / kMaxTileRows;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      int64_t begin = tile * block.rows / tiles, end = (tile + 1) * block.rows / tiles;
      switch (end - begin) {
        case 1:
          quantised_tile<kNibbles, kScales, 1>(block, panel, begin, column);
          break;
        case 2:
          quantised_tile<kNibbles, kScales, 2>(block, panel, begin, column);
          break;
        case 3:
          quantised_tile<kNibbles, kScales, 3>(block, panel, begin, column);
          break;
        default:
          quantised_tile<kNibbles, kScales, 4>(block, panel, begin, column);
          break;
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
inline __m256 load_weights(const uint8_t* panel, int64_t index) {
  if constexpr (kLayout == PackedLayout::kF32) {
    return _mm256_load_ps(reinterpret_cast<const float*>(panel) + index);
  } else {
    __m128i halves = _mm_load_si128(reinterpret_cast<const __m128i*>(panel + index * 2));
    if constexpr (kLayout == PackedLayout::kF16) return _mm256_cvtph_ps(halves);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
}

template <PackedLayout kLayout, int kRows>
void plain_tile(const PlainBlock& block, int64_t first_row, int64_t column) {
  const uint8_t* panel = block.panels + column / kPanelColumns * block.panel_bytes;
  const float* x = block.x + first_row * block.x_stride;
  __m256 acc[kRows][4];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) acc[r][0] = acc[r][1] = acc[r][2] = acc[r][3] = _mm256_setzero_ps();
  for (int64_t i = 0; i < block.k; ++i) {
#pragma GCC unroll 4
    for (int part = 0; part < 4; ++part) {
      __m256 w = load_weights<kLayout>(panel, i * kPanelColumns + part * 8);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        acc[r][part] = _mm256_fmadd_ps(_mm256_set1_ps(x[r * block.x_stride + i]), w, acc[r][part]);
      }
    }
  }
  const float* bias = block.bias == nullptr ? nullptr : block.bias + column;
  for (int r = 0; r < kRows; ++r) {
    float* y = block.y + (first_row + r) * block.y_stride + column;
    for (int part = 0; part < 4; ++part) store_columns(acc[r][part], bias, block.columns - column, part, y);
  }
}

template <PackedLayout kLayout>
void plain_panels(const PlainBlock& block) {
  for (int64_t column = 0; column < block.columns; column += kPanelColumns) {
    int64_t tiles = (block.rows + kMaxPlainTileRows - 1) / kMaxPlainTileRows;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      int64_t begin = tile * block.rows / tiles, end = (tile + 1) * block.rows / tiles;
      switch (end - begin) {
        case 1:
          plain_tile<kLayout, 1>(block, begin, column);
          break;
        case 2:
          plain_tile<kLayout, 2>(block, begin, column);
          break;
        default:
          plain_tile<kLayout, 3>(block, begin, column);
          break;
      }
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

const LinearKernels kLinearAvx2{"avx2", quantise_rows, quantised, plain};

}  // namespace weft
