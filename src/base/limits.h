// Limits on what comes from files and requests, one struct per reader. Every parser is bounded by one of these (I1,
// I13).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace weft {

// A chat template: its source when it is parsed, the rest when it is rendered.
struct TemplateLimits {
  size_t source_bytes = 256 * 1024;
  size_t nesting = 64;             // open blocks and brackets in the source; calls inside calls when it runs
  uint64_t steps = 5'000'000;      // evaluated nodes, list items touched, and every 32 bytes of text made
  size_t output_bytes = 16 << 20;  // of the result, and of any single string on the way
  Nanos time = kNanosPerSecond / 2;
};

}  // namespace weft
