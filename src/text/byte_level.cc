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
  std::string out;
  out.reserve(form.size());
  for (size_t pos = 0; pos < form.size();) {
    if (utf8_sequence_length(form.substr(pos)) == 0) return std::string(form);
    char32_t code = decode_utf8(form, pos);
    if (code >= kInverse.size() || kInverse[code] < 0) return std::string(form);
    out += static_cast<char>(kInverse[code]);
  }
  return out;
}

}  // namespace weft
