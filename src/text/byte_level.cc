#include "text/byte_level.h"

#include "base/utf8.h"

namespace weft {
namespace {

constexpr auto kAlphabet = byte_level_alphabet();

constexpr std::array<int16_t, 0x144> invert_alphabet() {
  std::array<int16_t, 0x144> out{};
  for (int16_t& byte : out) byte = -1;
  for (size_t byte = 0; byte < 256; ++byte) out[kAlphabet[byte]] = static_cast<int16_t>(byte);
  return out;
}
constexpr auto kInverse = invert_alphabet();

}  // namespace

std::string to_byte_level(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 4);
  append_byte_level(out, bytes);
  return out;
}

void append_byte_level(std::string& out, std::string_view bytes) {
  for (char byte : bytes) append_utf8(out, kAlphabet[static_cast<unsigned char>(byte)]);
}

std::string from_byte_level(std::string_view form) {
  std::string out(form.size(), '\0');
  char* to = out.data();
  for (size_t pos = 0; pos < form.size(); ++pos) {
    // The alphabet has characters of one and two bytes only.
    auto byte = static_cast<unsigned char>(form[pos]);
    uint32_t code = byte;
    if (byte >= 0x80) {
      if (byte < 0xC2 || byte > 0xC5 || ++pos == form.size()) return std::string(form);
      auto second = static_cast<unsigned char>(form[pos]);
      if ((second & 0xC0) != 0x80) return std::string(form);
      code = (byte & 0x1Fu) << 6 | (second & 0x3Fu);
    }
    if (code >= kInverse.size() || kInverse[code] < 0) return std::string(form);
    *to++ = static_cast<char>(kInverse[code]);
  }
  out.resize(static_cast<size_t>(to - out.data()));
  return out;
}

}  // namespace weft
