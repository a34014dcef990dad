// The unit of the KV cache, in tokens: what bookkeeping and kernels must agree on. Plain data: ISA files include this.
#pragma once

#include <cstdint>

namespace weft {

constexpr int32_t kPageTokens = 16;

}  // namespace weft
