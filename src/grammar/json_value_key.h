// One number per JSON value: equal values, however they are written, have equal numbers.
#pragma once

#include <cstdint>
#include <string_view>

namespace weft {

// `text` is one JSON value. Numbers are compared exactly, objects without regard to order, 1 and 1.0 are equal.
// Different values have different keys but for one chance in 2^64.
uint64_t json_value_key(std::string_view text);

}  // namespace weft
