// Random weights in every source format, and activations, for tests and benches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/dtype.h"
#include "base/rng.h"
#include "kernels/cpu_core/half.h"

namespace weft {

constexpr DType kLinearTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,
                                  DType::kQ5_1, DType::kQ8_0, DType::kQ4_K, DType::kQ5_K, DType::kQ6_K};

// Where the fp16 numbers of a block lie: random bytes there would make NaN and infinities.
inline std::vector<size_t> half_offsets(DType type) {
  switch (type) {
    case DType::kQ4_0:
    case DType::kQ5_0:
    case DType::kQ8_0:
      return {0};
    case DType::kQ6_K:
      return {208};
    default:
      return {0, 2};
  }
}

inline float random_normal_like(Rng& rng) {
  return static_cast<float>(rng.unit() + rng.unit() + rng.unit() + rng.unit() - 2.0);
}

inline std::vector<float> random_floats(size_t count, Rng& rng) {
  std::vector<float> values(count);
  for (float& value : values) value = random_normal_like(rng);
  return values;
}

// n rows of k elements as a file holds them. k must suit the type.
inline std::vector<std::byte> random_rows(DType type, int64_t n, int64_t k, Rng& rng) {
  std::vector<std::byte> rows(static_cast<size_t>(n) * static_cast<size_t>(*row_bytes(type, static_cast<uint64_t>(k))));
  DTypeInfo info = dtype_info(type);
  if (info.block_elements > 1) {
    for (std::byte& byte : rows) byte = static_cast<std::byte>(rng.next() >> 56);
    for (size_t block = 0; block < rows.size(); block += info.block_bytes) {
      for (size_t offset : half_offsets(type)) {
        uint16_t half = float_to_half(random_normal_like(rng) * 0.02f);
        std::memcpy(rows.data() + block + offset, &half, sizeof(half));
      }
    }
    return rows;
  }
  for (size_t place = 0; place < rows.size(); place += info.block_bytes) {
    float value = random_normal_like(rng);
    uint16_t bits = type == DType::kF16 ? float_to_half(value) : float_to_bfloat(value);
    std::memcpy(rows.data() + place, type == DType::kF32 ? static_cast<void*>(&value) : &bits, info.block_bytes);
  }
  return rows;
}

}  // namespace weft
