// Reads little-endian values from untrusted bytes. Every size is checked against the bytes that are left before
// anything is allocated or read (I1, I2); an error names the offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/status.h"

namespace weft {

// a * b and a + b, or nothing on overflow.
inline std::optional<uint64_t> checked_mul(uint64_t a, uint64_t b) {
  uint64_t out;
  return __builtin_mul_overflow(a, b, &out) ? std::nullopt : std::optional(out);
}
inline std::optional<uint64_t> checked_add(uint64_t a, uint64_t b) {
  uint64_t out;
  return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
}

// Borrows the bytes; does not own them.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t offset() const { return offset_; }
  size_t remaining() const { return bytes_.size() - offset_; }

  // A little-endian integer, float or bool-sized value.
  template <class T>
  requires std::is_arithmetic_v<T> Result<T> read() {
    TRY_ASSIGN(auto raw, take(sizeof(T)));
    T value;
    std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }

  // The next `count` bytes, as a view into the underlying buffer.
  Result<std::span<const std::byte>> take(uint64_t count) {
    if (count > remaining()) {
      return make_error(ErrorCode::kCorruptFile,
                        "needs {} bytes at offset {}, but only {} are left: the file is truncated or damaged", count,
                        offset_, remaining());
    }
    auto out = bytes_.subspan(offset_, count);
    offset_ += count;
    return out;
  }

  // The next `count` bytes as text (not checked for UTF-8).
  Result<std::string_view> take_text(uint64_t count) {
    TRY_ASSIGN(auto raw, take(count));
    return std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size());
  }

 private:
  std::span<const std::byte> bytes_;
  size_t offset_ = 0;
};

}  // namespace weft
