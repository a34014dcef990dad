// What every op gets beside its arguments. Ops are functions; there is no backend class.
#pragma once

#include "machine/compute_pool.h"
#include "machine/cpu_features.h"
#include "tensor/buffer.h"

namespace weft {

// Scratch memory of the step path: grows during warm-up, is reset before each op that uses it, allocates nothing after.
class Workspace {
 public:
  // At least `bytes` of scratch, valid until the next call. 64-byte aligned, content undefined.
  std::byte* reserve(size_t bytes) {
    if (buffer_.bytes() < bytes) {
      auto grown = Buffer::allocate(bytes + bytes / 4);
      CHECK(grown.has_value());  // sized at load by a full-budget warm-up step, so this cannot fail while serving
      buffer_ = std::move(grown).value();
    }
    return buffer_.data();
  }

 private:
  Buffer buffer_;
};

// Borrowed by ops for one call; one engine thread uses it at a time.
struct OpContext {
  ComputePool* pool = nullptr;
  Workspace* workspace = nullptr;
  Isa isa = Isa::kScalar;  // which variant runs; all variants give the same bits
};

}  // namespace weft
