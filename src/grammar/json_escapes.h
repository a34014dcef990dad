// The escapes of JSON strings, one byte at a time. Lone surrogates are no characters. Printable ASCII has no \uXXXX: it
// would say nothing that the character itself doesn't, and small models lose themselves in spelling names that way.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "grammar/dfa.h"

namespace weft {

// Where in an escape a string is; 0 is outside of any. Fits a frame's field.
using EscapeState = int32_t;
constexpr EscapeState kAfterBackslash = 1;

struct EscapeStep {
  enum class Kind { kRefused, kPartial, kCharacter };
  Kind kind = Kind::kRefused;
  EscapeState state = 0;   // of kPartial
  char32_t character = 0;  // of kCharacter
};
EscapeStep step_escape(EscapeState state, uint8_t byte);

// The characters that a begun escape can still become, as ranges without surrogates.
struct CharacterRange {
  char32_t first, last;
};
struct CharacterRanges {
  std::array<CharacterRange, 6> ranges;
  int count = 0;

  bool contains(char32_t c) const;
};
CharacterRanges escape_characters(EscapeState state);

// Where the escape that `text` ends in began. `text`: a string from its quote on, cut off inside an escape.
size_t open_escape(std::string_view text);

}  // namespace weft
