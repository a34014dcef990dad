#include "kernels/linear/packed_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "base/test_data.h"
#include "kernels/linear/linear_cases.h"

namespace weft {
namespace {

// Blocks and the values that the gguf package gives them (tools/make_gguf_block_golden.py).
TEST(PackedMatrix, DequantisesAsTheGgufPackageDoes) {
  std::ifstream file(source_path("testdata/gguf_blocks.bin"), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  ComputePool pool(1);
  size_t place = 0, types = 0;
  while (place < bytes.size()) {
    std::string name(bytes.c_str() + place);
    uint32_t sides[2];
    std::memcpy(sides, bytes.data() + place + 8, sizeof(sides));
    place += 16;
    const DType* type = std::find_if(std::begin(kLinearTypes), std::end(kLinearTypes),
                                     [&](DType candidate) { return dtype_info(candidate).name == name; });
    ASSERT_NE(type, std::end(kLinearTypes)) << name;
    size_t size = sides[0] * *row_bytes(*type, sides[1]);
    auto rows = std::as_bytes(std::span(bytes).subspan(place, size));
    place += size;
    auto packed = pack_matrix(*type, rows, sides[0], sides[1], {}, pool);
    ASSERT_TRUE(packed.has_value()) << name;
    std::vector<float> got(sides[1]), want(sides[1]);
    for (uint32_t row = 0; row < sides[0]; ++row, place += sides[1] * sizeof(float)) {
      dequantise_row(*packed, row, got.data());
      std::memcpy(want.data(), bytes.data() + place, sides[1] * sizeof(float));
      for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], want[i]) << name << " row " << row << " element " << i;
    }
    ++types;
  }
  EXPECT_EQ(types, std::size(kLinearTypes));
}

TEST(PackedMatrix, RowOrderChoosesFileRows) {
  ComputePool pool(2);
  Rng rng(3);
  auto rows = random_rows(DType::kQ4_0, 40, 64, rng);
  std::vector<int32_t> order;
  for (int32_t i = 0; i < 37; ++i) order.push_back((i * 7 + 2) % 40);
  auto plain = pack_matrix(DType::kQ4_0, rows, 40, 64, {}, pool);
  auto ordered = pack_matrix(DType::kQ4_0, rows, 37, 64, order, pool);
  ASSERT_TRUE(plain.has_value() && ordered.has_value());
  float want[64], got[64];
  for (int32_t i = 0; i < 37; ++i) {
    dequantise_row(*plain, order[static_cast<size_t>(i)], want);
    dequantise_row(*ordered, i, got);
    EXPECT_EQ(std::memcmp(want, got, sizeof(want)), 0) << i;
  }
}

TEST(PackedMatrix, RefusesWhatCannotBe) {
  ComputePool pool(1);
  std::vector<std::byte> rows(18 * 4);
  auto code = [&](DType type, int64_t n, int64_t k, std::vector<int32_t> order) {
    auto packed = pack_matrix(type, rows, n, k, order, pool);
    return packed.has_value() ? ErrorCode::kInternalError : packed.error().code;
  };
  EXPECT_TRUE(pack_matrix(DType::kQ4_0, rows, 4, 32, {}, pool).has_value());
  EXPECT_EQ(code(DType::kQ4_0, 5, 32, {}), ErrorCode::kCorruptFile);         // too few bytes
  EXPECT_EQ(code(DType::kQ4_0, 4, 33, {}), ErrorCode::kCorruptFile);         // not whole blocks
  EXPECT_EQ(code(DType::kQ4_0, 2, 32, {0, 4}), ErrorCode::kCorruptFile);     // no such row
  EXPECT_EQ(code(DType::kQ4_0, 2, 32, {0, -1}), ErrorCode::kCorruptFile);    // no such row
  EXPECT_EQ(code(DType::kQ4_0, 2, 32, {0, 1, 2}), ErrorCode::kCorruptFile);  // more entries than outputs
  EXPECT_EQ(code(DType::kQ4_0, 0, 32, {}), ErrorCode::kCorruptFile);         // nothing
  EXPECT_EQ(code(DType::kQ4_0, 4, int64_t{1} << 40, {}), ErrorCode::kCorruptFile);
  EXPECT_EQ(code(DType::kI32, 4, 32, {}), ErrorCode::kUnsupported);
}

TEST(PackedMatrix, KeepsTheSizeOfTheFile) {
  ComputePool pool(1);
  Rng rng(1);
  for (DType type : {DType::kQ4_0, DType::kQ4_1, DType::kQ8_0, DType::kQ4_K, DType::kF16}) {
    auto rows = random_rows(type, 64, 512, rng);
    auto packed = pack_matrix(type, rows, 64, 512, {}, pool);
    ASSERT_TRUE(packed.has_value());
    EXPECT_LE(packed->bytes(), rows.size() * 103 / 100) << dtype_info(type).name;
  }
}

TEST(Half, EveryHalfSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    auto half = static_cast<uint16_t>(bits);
    bool nan = (half & 0x7fff) > 0x7c00;
    if (nan) {
      EXPECT_NE(half_to_float(half), half_to_float(half));
      EXPECT_GT(float_to_half(half_to_float(half)) & 0x7fff, 0x7c00);
    } else {
      ASSERT_EQ(float_to_half(half_to_float(half)), half);
    }
    nan = (half & 0x7fff) > 0x7f80;
    if (!nan) {
      ASSERT_EQ(float_to_bfloat(bfloat_to_float(half)), half);
    }
  }
}

// Half-way points between neighbours, which float holds exactly, and their neighbours.
TEST(Half, RoundsToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    float low = half_to_float(static_cast<uint16_t>(bits)), high = half_to_float(static_cast<uint16_t>(bits + 1));
    float middle = (low + high) / 2;  // exact: one more bit
    uint16_t even = static_cast<uint16_t>(bits + (bits & 1));
    ASSERT_EQ(float_to_half(middle), even) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 1e9f)), bits + 1) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, -1.0f)), bits) << bits;
  }
  EXPECT_EQ(float_to_half(65519.0f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(-1e30f), 0xfc00);
  EXPECT_EQ(float_to_bfloat(std::bit_cast<float>(0x3f808000u)), 0x3f80);
  EXPECT_EQ(float_to_bfloat(std::bit_cast<float>(0x3f818000u)), 0x3f82);
  EXPECT_EQ(float_to_bfloat(std::bit_cast<float>(0x3f808001u)), 0x3f81);
}

}  // namespace
}  // namespace weft
