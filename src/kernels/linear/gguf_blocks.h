// The block formats of GGUF, taken apart: integer codes and the numbers that scale them. No floating-point arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"
#include "kernels/linear/linear_definition.h"

namespace weft {

// One block of a quantised type. Which members are set depends on the type's ScaleLayout.
struct BlockParts {
  uint8_t codes[256];  // per element, zero point 8 or 128 (formats without minimum) or 0
  uint16_t d;          // f16 scale of the block
  uint16_t m;          // f16: minimum (kHalfMin) or dmin (kSuperMin)
  uint8_t scales[16];  // kSuperMin: 8 six-bit scales; kSuper16: 16 int8 scales
  uint8_t mins[8];     // kSuperMin: 8 six-bit minima
};

struct QuantisedFormat {
  PackedLayout layout;
  ScaleLayout scales;
  void (*take_apart)(const uint8_t* block, BlockParts& parts);
};

// The packed layout and the unpacker of a quantised type; nullptr for other types.
const QuantisedFormat* quantised_format(DType type);

}  // namespace weft
