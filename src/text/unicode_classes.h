// The classes of characters that the widely used split patterns tell apart: \p{L}, \p{N}, \s, and the rest. They are
// Unicode 16's, as Hugging Face's tokenizers 0.23 (Oniguruma) have them; PCRE2 10.42 knows Unicode 14 and counts U+180E
// among \s, so it differs on characters that are rarer than a rounding error but exist.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weft {

enum class CharacterClass : uint8_t { kOther, kLetter, kNumber, kSpace };

// Above lie only characters of the class kOther: private use, tags, variation selectors.
constexpr size_t kClassifiedCodePoints = 0x32400;

extern const std::array<CharacterClass, kClassifiedCodePoints> kCharacterClasses;

inline CharacterClass character_class(char32_t code) {
  return code < kClassifiedCodePoints ? kCharacterClasses[code] : CharacterClass::kOther;
}

}  // namespace weft
