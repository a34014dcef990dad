// Replacing, padding, indenting and wrapping of text; each charges the meter before it makes the text.
#pragma once

#include <string_view>

#include "text/jinja/meter.h"

namespace weft::jinja {

// All occurrences where `count` is negative.
Value replaced(Meter& meter, std::string_view text, std::string_view from, std::string_view to, Int count);

enum class Justify { kLeft, kRight, kCenter };
Value justified(Meter& meter, std::string_view text, Int width, std::string_view fill, Justify how);

// `prefix` before each line but the first (unless `first`) and the blank ones (unless `blank`).
Value indented(Meter& meter, std::string_view text, std::string_view prefix, bool first, bool blank);

// Lines of at most `width` characters, broken at white space and after hyphens; longer words only if `break_words`.
Value wrapped(Meter& meter, std::string_view text, size_t width, bool break_words, std::string_view newline);

// Lines as str.splitlines() sees them.
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

}  // namespace weft::jinja
