// UTF-8 as Unicode 15 table 3-7 defines it: no overlong forms, no surrogates, at most U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {

// Length (1-4) of the well-formed sequence at the head of `text`; 0 if there is none (empty, malformed or cut off).
size_t utf8_sequence_length(std::string_view text);

// How many bytes at the end of `text` are a proper prefix of a well-formed sequence that may still be completed (0-3).
size_t utf8_incomplete_suffix(std::string_view text);

bool is_valid_utf8(std::string_view text);

// Replaces each maximal ill-formed subsequence by one U+FFFD, as Python's decode(errors="replace") does.
std::string replace_invalid_utf8(std::string_view text);

// Decodes the sequence at `pos`, moving `pos` past it. The text must be valid there.
char32_t decode_utf8(std::string_view text, size_t& pos);
void append_utf8(std::string& out, char32_t code_point);

}  // namespace weft
