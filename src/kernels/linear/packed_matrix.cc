#include "kernels/linear/packed_matrix.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "kernels/cpu_core/half.h"
#include "kernels/linear/gguf_blocks.h"

namespace weft {
namespace {

// Largest matrix side: far above every model, far below where sizes in bytes could overflow.
constexpr int64_t kMaxSide = int64_t{1} << 30;

int64_t code_bytes(PackedLayout layout) { return layout == PackedLayout::kQ4 ? 512 : 1024; }

int64_t plain_bytes(PackedLayout layout) { return layout == PackedLayout::kF32 ? 4 : 2; }

uint16_t load_u16(const uint8_t* bytes) {
  uint16_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

void store_u16(uint8_t* bytes, uint16_t value) { std::memcpy(bytes, &value, sizeof(value)); }

// Where the parts of group `group` of a panel lie.
struct GroupPlace {
  uint8_t* super;  // d and dmin of the eight groups; null when the layout has none
  uint8_t* codes;
  uint8_t* scales;
};

GroupPlace find_group(uint8_t* panel, PackedLayout layout, ScaleLayout scales, int64_t group) {
  int64_t size = group_bytes(layout, scales);
  int64_t super = super_bytes(scales);
  uint8_t* start = panel + group * size;
  uint8_t* header = nullptr;
  if (super > 0) {
    header = panel + group / kSuperGroups * (super + kSuperGroups * size);
    start = header + super + group % kSuperGroups * size;
  }
  return {header, start, start + code_bytes(layout)};
}

void write_codes(PackedLayout layout, const uint8_t* codes, int column, uint8_t* out) {
  for (int i = 0; i < 8; ++i) {
    uint32_t four;
    std::memcpy(&four, codes + i * 4, 4);
    if (layout == PackedLayout::kQ8) {
      std::memcpy(out + (i * kPanelColumns + column) * 4, &four, 4);
      continue;
    }
    uint8_t* place = out + (i * 16 + column % 16) * 4;
    uint32_t both;
    std::memcpy(&both, place, 4);
    both |= column < 16 ? four : four << 4;  // nibbles never reach into the neighbouring byte
    std::memcpy(place, &both, 4);
  }
}

void write_scales(ScaleLayout scales, const BlockParts& parts, int group, int column, const GroupPlace& place) {
  switch (scales) {
    case ScaleLayout::kHalfMin:
      store_u16(place.scales + 64 + column * 2, parts.m);
      [[fallthrough]];
    case ScaleLayout::kHalf:
      store_u16(place.scales + column * 2, parts.d);
      return;
    case ScaleLayout::kSuperMin:
      store_u16(place.super + column * 2, parts.d);
      store_u16(place.super + 64 + column * 2, parts.m);
      place.scales[column] = parts.scales[group];
      place.scales[32 + column] = parts.mins[group];
      return;
    case ScaleLayout::kSuper16:
      store_u16(place.super + column * 2, parts.d);
      place.scales[column] = parts.scales[group * 2];
      place.scales[32 + column] = parts.scales[group * 2 + 1];
      return;
    case ScaleLayout::kNone:
      return;
  }
}

void pack_quantised_row(const QuantisedFormat& format, DTypeInfo info, const uint8_t* row, int64_t k, int column,
                        uint8_t* panel) {
  BlockParts parts;
  int groups_per_block = static_cast<int>(info.block_elements) / kGroupInputs;
  for (int64_t block = 0; block < k / info.block_elements; ++block) {
    format.take_apart(row + block * info.block_bytes, parts);
    for (int group = 0; group < groups_per_block; ++group) {
      GroupPlace place = find_group(panel, format.layout, format.scales, block * groups_per_block + group);
      write_codes(format.layout, parts.codes + group * kGroupInputs, column, place.codes);
      write_scales(format.scales, parts, group, column, place);
    }
  }
}

void pack_plain_row(int64_t element_bytes, const uint8_t* row, int64_t k, int column, uint8_t* panel) {
  for (int64_t i = 0; i < k; ++i) {
    std::memcpy(panel + (i * kPanelColumns + column) * element_bytes, row + i * element_bytes, element_bytes);
  }
}

Result<PackedMatrix> describe(DType type, int64_t n, int64_t k) {
  PackedMatrix matrix;
  if (const QuantisedFormat* format = quantised_format(type)) {
    matrix.layout = format->layout;
    matrix.scales = format->scales;
  } else if (type == DType::kF32 || type == DType::kF16 || type == DType::kBF16) {
    matrix.layout = type == DType::kF32   ? PackedLayout::kF32
                    : type == DType::kF16 ? PackedLayout::kF16
                                          : PackedLayout::kBF16;
  } else {
    return make_error(ErrorCode::kUnsupported, "Weights of type {} cannot be used in a linear layer.",
                      dtype_info(type).name);
  }
  if (n < 1 || k < 1 || n > kMaxSide || k > kMaxSide || !row_bytes(type, static_cast<uint64_t>(k))) {
    return make_error(ErrorCode::kCorruptFile, "A matrix of {} x {} elements of type {} is not possible.", n, k,
                      dtype_info(type).name);
  }
  matrix.n = n;
  matrix.k = k;
  matrix.source = type;
  if (matrix.is_quantised()) {
    int64_t groups = k / kGroupInputs;
    matrix.panel_bytes =
        groups * group_bytes(matrix.layout, matrix.scales) + groups / kSuperGroups * super_bytes(matrix.scales);
  } else {
    matrix.panel_bytes = k * kPanelColumns * plain_bytes(matrix.layout);
  }
  return matrix;
}

Status check_rows(DType type, size_t available, int64_t n, int64_t k, std::span<const int32_t> row_order) {
  uint64_t stride = *row_bytes(type, static_cast<uint64_t>(k));
  uint64_t file_rows = available / stride;
  if (available % stride != 0 || (row_order.empty() && file_rows != static_cast<uint64_t>(n))) {
    return make_error(ErrorCode::kCorruptFile, "{} bytes of type {} are not {} rows of {} elements.", available,
                      dtype_info(type).name, n, k);
  }
  if (!row_order.empty() && row_order.size() != static_cast<size_t>(n)) {
    return make_error(ErrorCode::kCorruptFile, "The row order has {} entries for {} rows.", row_order.size(), n);
  }
  for (int32_t row : row_order) {
    if (row < 0 || static_cast<uint64_t>(row) >= file_rows) {
      return make_error(ErrorCode::kCorruptFile, "The row order names row {} of {}.", row, file_rows);
    }
  }
  return {};
}

}  // namespace

int64_t scale_bytes(ScaleLayout scales) {
  if (scales == ScaleLayout::kNone) return 0;
  return scales == ScaleLayout::kHalfMin ? 128 : 64;
}

int64_t group_bytes(PackedLayout layout, ScaleLayout scales) { return code_bytes(layout) + scale_bytes(scales); }

int64_t super_bytes(ScaleLayout scales) {
  if (scales == ScaleLayout::kSuperMin) return 128;
  return scales == ScaleLayout::kSuper16 ? 64 : 0;
}

Result<PackedMatrix> pack_matrix(DType type, std::span<const std::byte> rows, int64_t n, int64_t k,
                                 std::span<const int32_t> row_order, ComputePool& pool) {
  TRY_ASSIGN(PackedMatrix matrix, describe(type, n, k));
  TRY(check_rows(type, rows.size(), n, k, row_order));
  uint64_t bytes = static_cast<uint64_t>(matrix.panel_bytes) * static_cast<uint64_t>(matrix.num_panels());
  TRY_ASSIGN(matrix.data, Buffer::allocate(bytes));  // zero-filled: padding columns need no care
  uint8_t* panels = matrix.data.as<uint8_t>();
  const QuantisedFormat* format = quantised_format(type);
  const DTypeInfo info = dtype_info(type);
  const uint64_t stride = *row_bytes(type, static_cast<uint64_t>(k));
  const auto* file = reinterpret_cast<const uint8_t*>(rows.data());
  pool.parallel_for(matrix.num_panels(), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t column = begin * kPanelColumns; column < std::min(n, end * kPanelColumns); ++column) {
      uint64_t file_row = static_cast<uint64_t>(row_order.empty() ? column : row_order[static_cast<size_t>(column)]);
      uint8_t* panel = panels + column / kPanelColumns * matrix.panel_bytes;
      int lane = static_cast<int>(column % kPanelColumns);
      if (format != nullptr) {
        pack_quantised_row(*format, info, file + file_row * stride, k, lane, panel);
      } else {
        pack_plain_row(plain_bytes(matrix.layout), file + file_row * stride, k, lane, panel);
      }
    }
  });
  return matrix;
}

namespace {

void dequantise_plain_row(const PackedMatrix& matrix, const uint8_t* panel, int lane, float* out) {
  for (int64_t i = 0; i < matrix.k; ++i) {
    const uint8_t* place = panel + (i * kPanelColumns + lane) * plain_bytes(matrix.layout);
    if (matrix.layout == PackedLayout::kF32) {
      std::memcpy(out + i, place, 4);
    } else {
      uint16_t bits = load_u16(place);
      out[i] = matrix.layout == PackedLayout::kF16 ? half_to_float(bits) : bfloat_to_float(bits);
    }
  }
}

// The scales of both halves of one group and its minimum.
struct GroupScales {
  float scale[2];
  float min;
};

GroupScales read_scales(ScaleLayout layout, const GroupPlace& place, int lane) {
  auto half_at = [lane](const uint8_t* array) { return half_to_float(load_u16(array + lane * 2)); };
  switch (layout) {
    case ScaleLayout::kHalfMin:
      return {{half_at(place.scales), half_at(place.scales)}, half_at(place.scales + 64)};
    case ScaleLayout::kSuperMin: {
      float scale = half_at(place.super) * static_cast<float>(place.scales[lane]);
      return {{scale, scale}, -(half_at(place.super + 64) * static_cast<float>(place.scales[32 + lane]))};
    }
    case ScaleLayout::kSuper16: {
      float d = half_at(place.super);
      auto scale_at = [&](int half) {
        return d * static_cast<float>(static_cast<int8_t>(place.scales[half * 32 + lane]));
      };
      return {{scale_at(0), scale_at(1)}, 0};
    }
    default:
      return {{half_at(place.scales), half_at(place.scales)}, 0};
  }
}

}  // namespace

void dequantise_row(const PackedMatrix& matrix, int64_t column, float* out) {
  CHECK(column >= 0 && column < matrix.n);
  auto* panel = const_cast<uint8_t*>(matrix.panel(column / kPanelColumns));  // find_group serves packing too
  int lane = static_cast<int>(column % kPanelColumns);
  if (!matrix.is_quantised()) return dequantise_plain_row(matrix, panel, lane, out);
  bool has_min = matrix.scales == ScaleLayout::kHalfMin || matrix.scales == ScaleLayout::kSuperMin;
  bool nibbles = matrix.layout == PackedLayout::kQ4;
  int zero = has_min ? 0 : nibbles ? 8 : 128;
  for (int64_t group = 0; group < matrix.k / kGroupInputs; ++group, out += kGroupInputs) {
    GroupPlace place = find_group(panel, matrix.layout, matrix.scales, group);
    GroupScales scales = read_scales(matrix.scales, place, lane);
    for (int i = 0; i < kGroupInputs; ++i) {
      int code = nibbles ? (place.codes[(i / 4 * 16 + lane % 16) * 4 + i % 4] >> (lane < 16 ? 0 : 4)) & 15
                         : place.codes[(i / 4 * kPanelColumns + lane) * 4 + i % 4];
      float value = scales.scale[i / 16] * static_cast<float>(code - zero);
      out[i] = has_min ? value + scales.min : value;
    }
  }
}

}  // namespace weft
