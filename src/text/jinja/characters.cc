#include "text/jinja/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "base/utf8.h"
#include "text/jinja/character_tables.h"

namespace weft::jinja {
namespace {

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

template <size_t N>
bool in_ranges(const Range (&ranges)[N], char32_t c) {
  auto it = std::ranges::upper_bound(ranges, c, {}, &Range::first);
  return it != std::begin(ranges) && c <= std::prev(it)->last;
}

const SpecialCase* special_case(char32_t c) {
  auto it = std::ranges::lower_bound(kSpecialCases, c, {}, &SpecialCase::c);
  return it != std::end(kSpecialCases) && it->c == c ? &*it : nullptr;
}

void append_upper(std::string& out, char32_t c) {
  if (const SpecialCase* special = special_case(c)) {
    out += special->upper;
  } else {
    append_utf8(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
  }
}

void append_title(std::string& out, char32_t c) {
  if (const SpecialCase* special = special_case(c)) {
    out += special->title;
  } else {
    append_utf8(out, static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
  }
}

bool is_title_case(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LT; }
bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || is_title_case(c); }

// What stands between letters without ending their word, for the rule of the final sigma.
bool is_case_ignorable(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return std::u32string_view(
                 U"'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A")
                 .find(c) != std::u32string_view::npos;
  }
}

// Whether the sigma in text[begin, end) ends its word.
bool is_final_sigma(std::string_view text, size_t begin, size_t end) {
  bool after_letter = false;
  while (begin > 0) {
    char32_t c = previous_character(text, begin);
    if (is_case_ignorable(c)) continue;
    after_letter = is_cased(c);
    break;
  }
  if (!after_letter) return false;
  while (end < text.size()) {
    char32_t c = next_character(text, end);
    if (!is_case_ignorable(c)) return !is_cased(c);
  }
  return true;
}

// The character in text[begin, end).
void append_lower(std::string& out, std::string_view text, size_t begin, size_t end) {
  size_t at = begin;
  char32_t c = next_character(text, at);
  if (c == 0x3A3) {
    out += is_final_sigma(text, begin, end) ? "\u03C2" : "\u03C3";
  } else if (c == 0x130) {
    out += "i\u0307";
  } else {
    append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
}

}  // namespace

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_letter(char32_t c) {
  auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND || in_ranges(kMoreDigits, c); }

bool is_alphanumeric(char32_t c) { return is_letter(c) || is_numeric(c); }

bool is_decimal(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }
bool is_numeric(char32_t c) {
  auto kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO) || in_ranges(kMoreNumeric, c);
}

bool is_upper(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LU || in_ranges(kMoreUpper, c); }
bool is_lower(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LL || in_ranges(kMoreLower, c); }

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

bool is_identifier_part(char32_t c) {
  if (c < 0x80) return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_PC;
}

char32_t next_character(std::string_view text, size_t& pos) { return decode_utf8(text, pos); }

char32_t previous_character(std::string_view text, size_t& pos) {
  --pos;
  while (pos > 0 && is_continuation(text[pos])) --pos;
  size_t at = pos;
  return decode_utf8(text, at);
}

size_t count_characters(std::string_view text) {
  size_t count = 0;
  for (char byte : text) count += !is_continuation(byte);
  return count;
}

size_t offset_of_character(std::string_view text, size_t count) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    if (count == 0) return i;
    --count;
  }
  return text.size();
}

std::string_view strip_left(std::string_view text) {
  size_t pos = 0;
  while (pos < text.size()) {
    size_t next = pos;
    if (!is_space(next_character(text, next))) break;
    pos = next;
  }
  return text.substr(pos);
}

std::string_view strip_right(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t before = end;
    if (!is_space(previous_character(text, before))) break;
    end = before;
  }
  return text.substr(0, end);
}

std::string_view strip_set(std::string_view text, std::string_view set, bool left, bool right) {
  size_t begin = 0;
  size_t end = text.size();
  while (left && begin < end) {
    size_t next = begin;
    next_character(text, next);
    if (set.find(text.substr(begin, next - begin)) == std::string_view::npos) break;
    begin = next;
  }
  while (right && end > begin) {
    size_t before = end;
    previous_character(text, before);
    if (set.find(text.substr(before, end - before)) == std::string_view::npos) break;
    end = before;
  }
  return text.substr(begin, end - begin);
}

std::string to_upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) append_upper(out, next_character(text, pos));
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    size_t begin = pos;
    next_character(text, pos);
    append_lower(out, text, begin, pos);
  }
  return out;
}

std::string case_fold(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    utf8proc_int32_t folded[8];
    int ignored = 0;
    auto c = static_cast<utf8proc_int32_t>(next_character(text, pos));
    utf8proc_ssize_t count = utf8proc_decompose_char(c, folded, 8, UTF8PROC_CASEFOLD, &ignored);
    for (utf8proc_ssize_t i = 0; i < count && i < 8; ++i) append_utf8(out, static_cast<char32_t>(folded[i]));
  }
  return out;
}

std::string to_title(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool inside = false;
  for (size_t pos = 0; pos < text.size();) {
    size_t begin = pos;
    char32_t c = next_character(text, pos);
    if (inside) {
      append_lower(out, text, begin, pos);
    } else {
      append_title(out, c);
    }
    inside = is_cased(c);
  }
  return out;
}

std::string swap_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    size_t begin = pos;
    char32_t c = next_character(text, pos);
    if (is_upper(c)) {
      append_lower(out, text, begin, pos);
    } else if (is_lower(c)) {
      append_upper(out, c);
    } else {
      append_utf8(out, c);
    }
  }
  return out;
}

bool is_title(std::string_view text) {
  bool any = false;
  bool inside = false;
  for (size_t pos = 0; pos < text.size();) {
    char32_t c = next_character(text, pos);
    bool capital = is_upper(c) || is_title_case(c);
    if (capital ? inside : is_lower(c) && !inside) return false;
    inside = capital || is_lower(c);
    any = any || inside;
  }
  return any;
}

std::string capitalize(std::string_view text) {
  std::string out;
  for (size_t pos = 0; pos < text.size();) {
    size_t begin = pos;
    char32_t c = next_character(text, pos);
    if (begin == 0) {
      append_title(out, c);
    } else {
      append_lower(out, text, begin, pos);
    }
  }
  return out;
}

void replace_all(std::string& out, std::string_view text, std::string_view from, std::string_view to, size_t count) {
  size_t pos = 0;
  if (from.empty()) {
    while (count > 0 && pos < text.size()) {
      size_t next = pos;
      next_character(text, next);
      out += to;
      out += text.substr(pos, next - pos);
      pos = next;
      --count;
    }
    if (count > 0) {
      out += to;
      return;
    }
  }
  while (count > 0 && !from.empty()) {
    size_t found = text.find(from, pos);
    if (found == std::string_view::npos) break;
    out += text.substr(pos, found - pos);
    out += to;
    pos = found + from.size();
    --count;
  }
  out += text.substr(pos);
}

}  // namespace weft::jinja
