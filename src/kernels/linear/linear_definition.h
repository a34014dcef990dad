// The arithmetic of y = x W^T + b in precision `exact`: what every variant must compute, bit for bit.
//
// Quantised weights. Inputs k are taken in groups of 32.
//  1. Activations of one row and group become 15-bit integers:
//       m   = max |x|                                   (compared as bits, so that NaN > Inf > every number)
//       m is NaN or Inf:       s = NaN, all q = 0       (every output of this row becomes NaN)
//       m < 2^-100:            s = 0,   all q = 0
//       else:                  s = m / 16256,  q = round_to_nearest_even(x * (16256 / m)),  -16256 <= q <= 16256
//     Kernels may hold q as two int8 planes, hi = (q + 64) >> 7 in [-127, 127] and lo = q - 128 hi in [-64, 63]:
//     integer sums don't depend on order, so q = 128 hi + lo gives the same sums.
//  2. A weight is scale * (u - z) + min with u an unsigned integer, z = 8 (4-bit codes) or 128 (8-bit codes) in formats
//     without minimum, z = 0 and min per group in formats with one. The scale is per output and per group (two scales,
//     one per 16 inputs, in Q6_K). Scales and minima are fp32: d and m converted from fp16 (exact), or the products
//     d * sc and -(dmin * m) of the K types (exact: 11 + 8 bits).
//  3. One chain per output, acc = 0, groups ascending (halves of a group ascending, where it has two scales):
//       S = sum (u - z) q                               (int32, exact: |S| <= 32 * 255 * 16256 < 2^27)
//       acc = fma(scale, float(S) * s, acc)
//       with minimum:  acc = fma(min, s * float(sum q), acc)
//  4. y = acc + bias, or acc when there is no bias.
//
// Plain weights (f32, f16, bf16; the latter two converted exactly): acc = 0, acc = fma(x[k], w[k], acc) for ascending
// k, then the bias as above.
//
// So a row's outputs depend on that row and the weights only: not on the number of rows, tiles, threads or the ISA.
// Bits of a NaN are not defined, only that it is one.
//
// Layout of packed weights: panels of 32 outputs; the last one is padded with zero codes and zero scales. A panel of
// quantised weights is a stream of groups, each a multiple of 64 bytes:
//   codes   kQ8: [8][32 outputs][4] bytes (k = 4 i + j).  kQ4: [8][16][4] bytes, low nibble output c, high nibble c
//   + 16. scales  kHalf: f16 [32].  kHalfMin: f16 scale [32], f16 min [32].
//           kSuperMin: u8 sc [32], u8 m [32]; 8 groups are preceded by f16 d [32], f16 dmin [32].
//           kSuper16: i8 sc [2][32]; 8 groups are preceded by f16 d [32].
// A panel of plain weights is [k][32].
//
// Included by instruction-set files: plain data only, no functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

constexpr int kPanelColumns = 32;
constexpr int kGroupInputs = 32;
constexpr int kSuperGroups = 8;  // groups that share d and dmin in the K types

constexpr float kActivationSteps = 16256.0f;        // 127 * 128: the largest |q|
constexpr uint32_t kSmallestMaxBits = 0x0d800000u;  // 2^-100 as float bits
constexpr uint32_t kInfinityBits = 0x7f800000u;     // float bits from here on are Inf or NaN
constexpr uint32_t kQuietNanBits = 0x7fc00000u;

enum class PackedLayout : uint8_t { kQ4, kQ8, kF16, kBF16, kF32 };
enum class ScaleLayout : uint8_t { kNone, kHalf, kHalfMin, kSuperMin, kSuper16 };

// What the kernels need of one group of one row of activations, beside the integers q.
struct ActivationGroup {
  float scale;       // s
  float scaled_sum;  // s * float(sum q)
  int32_t sums[2];   // sum q over inputs 0..15 and 16..31
};

// One piece of work over quantised weights: `rows` rows times the panels that hold `columns` outputs.
struct QuantisedBlock {
  PackedLayout layout;
  ScaleLayout scales;
  const uint8_t* panels;  // the first panel
  int64_t panel_bytes;
  int64_t num_groups;             // K / 32
  const int16_t* values;          // [rows][num_groups * 32]: q as this variant's quantise_rows wrote it
  const ActivationGroup* groups;  // [rows][num_groups]
  int64_t rows;
  int64_t columns;    // >= 1; the last panel may be partly used
  const float* bias;  // [columns] or null
  float* y;           // [rows][columns], row stride y_stride
  int64_t y_stride;
};

// One piece of work over plain weights.
struct PlainBlock {
  PackedLayout layout;
  const uint8_t* panels;
  int64_t panel_bytes;
  int64_t k;
  const float* x;  // [rows][k], row stride x_stride
  int64_t x_stride;
  int64_t rows;
  int64_t columns;
  const float* bias;
  float* y;
  int64_t y_stride;
};

// One variant. quantise_rows writes values [rows][num_groups * 32] in an order of its own (64 bytes per group) and
// groups [rows][num_groups]; values is 64-byte aligned.
struct LinearKernels {
  const char* name;
  void (*quantise_rows)(const float* x, int64_t x_stride, int64_t rows, int64_t num_groups, int16_t* values,
                        ActivationGroup* groups);
  void (*quantised)(const QuantisedBlock& block);
  void (*plain)(const PlainBlock& block);
};

extern const LinearKernels kLinearRef;
extern const LinearKernels kLinearAvx2;
extern const LinearKernels kLinearAvx512;

}  // namespace weft
