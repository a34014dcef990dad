#include "text/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <span>

namespace weft {
namespace {

struct CharacterRange {
  char32_t first, last;
};

#include "text/character_class_ranges.inc"

bool lies_in(std::span<const CharacterRange> ranges, char32_t code) {
  auto at = std::partition_point(ranges.begin(), ranges.end(), [code](auto range) { return range.last < code; });
  return at != ranges.end() && code >= at->first;
}

utf8proc_category_t category_of(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }

}  // namespace

bool is_white_space(char32_t code) {
  if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
  if (code == 0x85) return true;
  auto category = category_of(code);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool is_numeric(char32_t code) { return code < 0x80 ? code >= '0' && code <= '9' : lies_in(kNumeric, code); }

bool is_decimal(char32_t code) {
  return code < 0x80 ? code >= '0' && code <= '9' : category_of(code) == UTF8PROC_CATEGORY_ND;
}

bool is_punctuation(char32_t code) {
  if (code >= 0x80) return lies_in(kPunctuation, code);
  bool alphanumeric = (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z');
  return code > ' ' && code < 0x7F && !alphanumeric;
}

bool is_nonspacing_mark(char32_t code) { return lies_in(kNonspacingMarks, code); }
bool is_mark(char32_t code) { return lies_in(kMarks, code); }
bool is_other(char32_t code) { return code < 0x80 ? code < ' ' || code == 0x7F : lies_in(kOther, code); }

bool is_word_character(char32_t code) {
  auto category = category_of(code);
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME) || category == UTF8PROC_CATEGORY_ND ||
         category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_PC;
}

// The gap and the overlong end are those of its Rust form.
bool is_bert_ideograph(char32_t code) {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x20000 && code <= 0x2A6DF) || (code >= 0x2A700 && code <= 0x2B73F) ||
         (code >= 0x2B740 && code <= 0x2B81F) || (code >= 0x2B920 && code <= 0x2CEAF) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x2F800 && code <= 0x2FA1F);
}

}  // namespace weft
