// Writes GGUF files for tests, right or wrong on purpose. Included by tests only.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

class GgufBuilder {
 public:
  // Appends a number in little-endian order and remembers where integers are, for tests that overwrite them.
  template <class T>
  GgufBuilder& number(T value) {
    if constexpr (std::is_integral_v<T>) integers_.push_back({bytes_.size(), sizeof(T)});
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return *this;
  }
  GgufBuilder& text(std::string_view value) {
    number<uint64_t>(value.size());
    bytes_ += value;
    return *this;
  }
  GgufBuilder& header(uint64_t tensors, uint64_t values, uint32_t version = 3) {
    bytes_ += "GGUF";
    return number(version).number(tensors).number(values);
  }
  // A key and the type of its value, which the caller appends.
  GgufBuilder& key(std::string_view name, uint32_t type) { return text(name).number(type); }
  GgufBuilder& tensor(std::string_view name, std::vector<uint64_t> dimensions, uint32_t type, uint64_t offset) {
    text(name).number(static_cast<uint32_t>(dimensions.size()));
    for (uint64_t size : dimensions) number(size);
    return number(type).number(offset);
  }
  GgufBuilder& align(size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  GgufBuilder& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }

  struct Field {
    size_t offset, size;
  };
  const std::string& bytes() const { return bytes_; }
  const std::vector<Field>& integers() const { return integers_; }

 private:
  std::string bytes_;
  std::vector<Field> integers_;
};

}  // namespace weft
