// How numbers are stored, in files and in memory. Quantised types store blocks of consecutive elements of a row; their
// layouts are those of GGUF (gguf spec, "ggml types").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft {

enum class DType : uint8_t {
  kF32,
  kF16,
  kBF16,
  kF64,
  kI8,
  kU8,
  kI16,
  kI32,
  kI64,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ4_K,
  kQ5_K,
  kQ6_K
};

struct DTypeInfo {
  std::string_view name;    // "F16", "Q4_K"
  uint32_t block_elements;  // elements per block; 1 for plain types
  uint32_t block_bytes;
};

constexpr DTypeInfo dtype_info(DType type) {
  switch (type) {
    case DType::kF32:
      return {"F32", 1, 4};
    case DType::kF16:
      return {"F16", 1, 2};
    case DType::kBF16:
      return {"BF16", 1, 2};
    case DType::kF64:
      return {"F64", 1, 8};
    case DType::kI8:
      return {"I8", 1, 1};
    case DType::kU8:
      return {"U8", 1, 1};
    case DType::kI16:
      return {"I16", 1, 2};
    case DType::kI32:
      return {"I32", 1, 4};
    case DType::kI64:
      return {"I64", 1, 8};
    case DType::kQ4_0:
      return {"Q4_0", 32, 18};  // f16 d, 16 bytes of nibbles
    case DType::kQ4_1:
      return {"Q4_1", 32, 20};  // f16 d, f16 m, nibbles
    case DType::kQ5_0:
      return {"Q5_0", 32, 22};  // f16 d, 32 high bits, nibbles
    case DType::kQ5_1:
      return {"Q5_1", 32, 24};  // f16 d, f16 m, 32 high bits, nibbles
    case DType::kQ8_0:
      return {"Q8_0", 32, 34};  // f16 d, 32 int8
    case DType::kQ4_K:
      return {"Q4_K", 256, 144};  // f16 d, f16 dmin, 12 bytes of 6-bit scales and mins, nibbles
    case DType::kQ5_K:
      return {"Q5_K", 256, 176};  // as Q4_K with 32 bytes of high bits
    case DType::kQ6_K:
      return {"Q6_K", 256, 210};  // low nibbles, high pairs, 16 int8 scales, f16 d
  }
  return {"?", 1, 1};
}

// Bytes of one row of `elements`; nothing when the row is not a whole number of blocks.
constexpr std::optional<uint64_t> row_bytes(DType type, uint64_t elements) {
  DTypeInfo info = dtype_info(type);
  if (elements % info.block_elements != 0) return std::nullopt;
  return elements / info.block_elements * info.block_bytes;
}

}  // namespace weft
