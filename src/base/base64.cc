#include "base/base64.h"

#include <array>
#include <cstdint>

namespace weft {
namespace {

constexpr std::array<int8_t, 256> make_values() {
  std::array<int8_t, 256> out{};
  for (int8_t& value : out) value = -1;
  int8_t next = 0;
  for (char c = 'A'; c <= 'Z'; ++c) out[static_cast<unsigned char>(c)] = next++;
  for (char c = 'a'; c <= 'z'; ++c) out[static_cast<unsigned char>(c)] = next++;
  for (char c = '0'; c <= '9'; ++c) out[static_cast<unsigned char>(c)] = next++;
  out['+'] = next++;
  out['/'] = next;
  return out;
}
constexpr auto kValues = make_values();

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  for (size_t i = 0; i < text.size() - padding; ++i) {
    int8_t value = kValues[static_cast<unsigned char>(text[i])];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if (i % 4 > 0) out += static_cast<char>(bits >> (6 - 2 * (i % 4)));
  }
  return out;
}

}  // namespace weft
