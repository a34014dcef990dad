// Checks that every tensor of a file has bytes of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace weft {

struct Extent {
  uint64_t begin;
  uint64_t end;  // past the last byte
  std::string_view name;
};

// kCorruptFile when two extents overlap. With `exact`, also when there is a gap before, between or after them in
// [0, total). Sorts `extents`.
Status check_extents(std::vector<Extent>& extents, bool exact, uint64_t total);

}  // namespace weft
