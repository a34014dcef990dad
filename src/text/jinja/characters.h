// Python's view of text over UTF-8: code points, white space, case, printable characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::jinja {

bool is_space(char32_t c);
bool is_letter(char32_t c);
bool is_decimal(char32_t c);  // digits of decimal numbers
bool is_digit(char32_t c);    // also superscripts and the like
bool is_numeric(char32_t c);  // also fractions and numerals
bool is_alphanumeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_printable(char32_t c);  // repr() shows it as it is
bool is_identifier_part(char32_t c);

// The code point at `pos` (moved past it) or before `pos` (moved to it).
char32_t next_character(std::string_view text, size_t& pos);
char32_t previous_character(std::string_view text, size_t& pos);

size_t count_characters(std::string_view text);
// Byte offset of character `count`, or the size where there are fewer.
size_t offset_of_character(std::string_view text, size_t count);

std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);
inline std::string_view strip(std::string_view text) { return strip_right(strip_left(text)); }
// With a set of characters instead of white space.
std::string_view strip_set(std::string_view text, std::string_view set, bool left, bool right);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);  // str.title(): a capital after everything that is not a letter
std::string capitalize(std::string_view text);
std::string case_fold(std::string_view text);
std::string swap_case(std::string_view text);
bool is_title(std::string_view text);

void replace_all(std::string& out, std::string_view text, std::string_view from, std::string_view to, size_t count);

}  // namespace weft::jinja
