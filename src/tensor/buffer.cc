#include "tensor/buffer.h"

#include <sys/mman.h>

namespace weft {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

// Bytes that the mapping of a buffer really has.
size_t mapped_bytes(size_t bytes) {
  size_t unit = bytes >= kHugePage ? kHugePage : 4096;
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

Result<Buffer> Buffer::allocate(size_t bytes) {
  Buffer buffer;
  if (bytes == 0) return buffer;
  size_t size = mapped_bytes(bytes);
  // A mapping aligned to huge pages: ask for one page more and give the ends back.
  size_t slack = bytes >= kHugePage ? kHugePage : 0;
  void* raw = size < bytes ? MAP_FAILED
                           : ::mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) {
    return make_error(
        ErrorCode::kResourceExhausted,
        "The system refused {} MiB of memory. Close other programs, or take less: a smaller model, batch or KV cache.",
        bytes >> 20);
  }
  auto* start = static_cast<std::byte*>(raw);
  if (slack > 0) {
    size_t head = (kHugePage - reinterpret_cast<uintptr_t>(start) % kHugePage) % kHugePage;
    if (head > 0) ::munmap(start, head);
    if (head < slack) ::munmap(start + head + size, slack - head);
    start += head;
    ::madvise(start, size, MADV_HUGEPAGE);
  }
  buffer.data_ = start;
  buffer.bytes_ = bytes;
  return buffer;
}

Buffer::~Buffer() {
  if (data_ != nullptr) ::munmap(data_, mapped_bytes(bytes_));
}

}  // namespace weft
