// GPT-2's byte alphabet: every byte written as one printable character, so that a vocabulary of text covers all bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {

// Printable Latin-1 bytes stand for themselves; the other 68 get U+0100, U+0101, ... in order.
constexpr std::array<char32_t, 256> byte_level_alphabet() {
  std::array<char32_t, 256> out{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    out[byte] = printable ? byte : next++;
  }
  return out;
}

// The bytes written in the alphabet.
std::string to_byte_level(std::string_view bytes);
void append_byte_level(std::string& out, std::string_view bytes);

// The bytes that `form` (valid UTF-8) stands for; `form` itself when it holds a character outside the alphabet.
std::string from_byte_level(std::string_view form);

}  // namespace weft
