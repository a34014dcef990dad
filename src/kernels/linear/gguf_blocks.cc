#include "kernels/linear/gguf_blocks.h"

namespace weft {
namespace {

uint16_t read_u16(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] | (bytes[1] << 8)); }

uint32_t read_u32(const uint8_t* bytes) {
  return static_cast<uint32_t>(read_u16(bytes)) | (static_cast<uint32_t>(read_u16(bytes + 2)) << 16);
}

// 16 bytes: low nibbles are elements 0..15, high nibbles 16..31.
void take_nibbles(const uint8_t* nibbles, uint8_t* codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = nibbles[i] & 15;
    codes[i + 16] = nibbles[i] >> 4;
  }
}

void take_q4_0(const uint8_t* block, BlockParts& parts) {
  parts.d = read_u16(block);
  take_nibbles(block + 2, parts.codes);
}

void take_q4_1(const uint8_t* block, BlockParts& parts) {
  parts.d = read_u16(block);
  parts.m = read_u16(block + 2);
  take_nibbles(block + 4, parts.codes);
}

// Nibbles plus bit i of `high` as bit 4 of element i, plus `offset`.
void take_five_bits(const uint8_t* high, const uint8_t* nibbles, int offset, uint8_t* codes) {
  take_nibbles(nibbles, codes);
  uint32_t bits = read_u32(high);
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<uint8_t>((codes[i] | (((bits >> i) & 1) << 4)) + offset);
}

void take_q5_0(const uint8_t* block, BlockParts& parts) {
  parts.d = read_u16(block);
  take_five_bits(block + 2, block + 6, 128 - 16, parts.codes);
}

void take_q5_1(const uint8_t* block, BlockParts& parts) {
  parts.d = read_u16(block);
  parts.m = read_u16(block + 2);
  take_five_bits(block + 4, block + 8, 0, parts.codes);
}

void take_q8_0(const uint8_t* block, BlockParts& parts) {
  parts.d = read_u16(block);
  for (int i = 0; i < 32; ++i) parts.codes[i] = block[2 + i] ^ 0x80;  // int8 + 128
}

// 12 bytes hold 8 scales and 8 minima of 6 bits: the first four of each in bytes 0..3 and 4..7, the low four bits of
// the others in bytes 8..11, their two high bits in the top bits of bytes 0..7.
void take_six_bit_scales(const uint8_t* packed, BlockParts& parts) {
  for (int i = 0; i < 4; ++i) {
    parts.scales[i] = packed[i] & 63;
    parts.mins[i] = packed[i + 4] & 63;
    parts.scales[i + 4] = static_cast<uint8_t>((packed[i + 8] & 15) | ((packed[i] >> 6) << 4));
    parts.mins[i + 4] = static_cast<uint8_t>((packed[i + 8] >> 4) | ((packed[i + 4] >> 6) << 4));
  }
}

// 128 bytes: each run of 32 holds a group of 32 in its low nibbles and the next group in its high nibbles.
void take_k_nibbles(const uint8_t* nibbles, uint8_t* codes) {
  for (int run = 0; run < 4; ++run) {
    for (int i = 0; i < 32; ++i) {
      codes[run * 64 + i] = nibbles[run * 32 + i] & 15;
      codes[run * 64 + 32 + i] = nibbles[run * 32 + i] >> 4;
    }
  }
}

void take_q4_k(const uint8_t* block, BlockParts& parts) {
  parts.d = read_u16(block);
  parts.m = read_u16(block + 2);
  take_six_bit_scales(block + 4, parts);
  take_k_nibbles(block + 16, parts.codes);
}

void take_q5_k(const uint8_t* block, BlockParts& parts) {
  parts.d = read_u16(block);
  parts.m = read_u16(block + 2);
  take_six_bit_scales(block + 4, parts);
  take_k_nibbles(block + 48, parts.codes);
  const uint8_t* high = block + 16;  // byte i, bit g: bit 4 of element i of group g
  for (int group = 0; group < 8; ++group) {
    for (int i = 0; i < 32; ++i) parts.codes[group * 32 + i] |= static_cast<uint8_t>(((high[i] >> group) & 1) << 4);
  }
}

void take_q6_k(const uint8_t* block, BlockParts& parts) {
  for (int half = 0; half < 2; ++half) {
    const uint8_t* low = block + half * 64;
    const uint8_t* high = block + 128 + half * 32;
    for (int quarter = 0; quarter < 4; ++quarter) {
      const uint8_t* nibbles = low + (quarter % 2) * 32;
      for (int i = 0; i < 32; ++i) {
        int nibble = quarter < 2 ? nibbles[i] & 15 : nibbles[i] >> 4;
        int pair = (high[i] >> (2 * quarter)) & 3;
        parts.codes[half * 128 + quarter * 32 + i] = static_cast<uint8_t>((nibble | (pair << 4)) - 32 + 128);
      }
    }
  }
  for (int i = 0; i < 16; ++i) parts.scales[i] = block[192 + i];
  parts.d = read_u16(block + 208);
}

constexpr QuantisedFormat kQ4_0{PackedLayout::kQ4, ScaleLayout::kHalf, take_q4_0};
constexpr QuantisedFormat kQ4_1{PackedLayout::kQ4, ScaleLayout::kHalfMin, take_q4_1};
constexpr QuantisedFormat kQ5_0{PackedLayout::kQ8, ScaleLayout::kHalf, take_q5_0};
constexpr QuantisedFormat kQ5_1{PackedLayout::kQ8, ScaleLayout::kHalfMin, take_q5_1};
constexpr QuantisedFormat kQ8_0{PackedLayout::kQ8, ScaleLayout::kHalf, take_q8_0};
constexpr QuantisedFormat kQ4_K{PackedLayout::kQ4, ScaleLayout::kSuperMin, take_q4_k};
constexpr QuantisedFormat kQ5_K{PackedLayout::kQ8, ScaleLayout::kSuperMin, take_q5_k};
constexpr QuantisedFormat kQ6_K{PackedLayout::kQ8, ScaleLayout::kSuper16, take_q6_k};

}  // namespace

const QuantisedFormat* quantised_format(DType type) {
  switch (type) {
    case DType::kQ4_0:
      return &kQ4_0;
    case DType::kQ4_1:
      return &kQ4_1;
    case DType::kQ5_0:
      return &kQ5_0;
    case DType::kQ5_1:
      return &kQ5_1;
    case DType::kQ8_0:
      return &kQ8_0;
    case DType::kQ4_K:
      return &kQ4_K;
    case DType::kQ5_K:
      return &kQ5_K;
    case DType::kQ6_K:
      return &kQ6_K;
    default:
      return nullptr;
  }
}

}  // namespace weft
