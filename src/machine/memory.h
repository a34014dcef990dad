// How much memory this process may still take.
#pragma once

#include <cstdint>

namespace weft {

// Bytes: what the system calls available, or what is left of the cgroup's limit or of `ulimit -v` where
// that is less.
int64_t available_memory_bytes();

}  // namespace weft
