#include "text/unicode_classes.h"

namespace weft {
namespace {

struct ClassRange {
  char32_t first;  // up to the next range
  CharacterClass value;
};

constexpr auto kOther = CharacterClass::kOther;
constexpr auto kLetter = CharacterClass::kLetter;
constexpr auto kNumber = CharacterClass::kNumber;
constexpr auto kSpace = CharacterClass::kSpace;

constexpr ClassRange kRanges[] = {
#include "text/unicode_class_ranges.inc"
};

constexpr std::array<CharacterClass, kClassifiedCodePoints> spread_ranges() {
  std::array<CharacterClass, kClassifiedCodePoints> out{};
  size_t count = std::size(kRanges);
  for (size_t i = 0; i < count; ++i) {
    size_t end = i + 1 < count ? kRanges[i + 1].first : kClassifiedCodePoints;
    for (size_t code = kRanges[i].first; code < end; ++code) out[code] = kRanges[i].value;
  }
  return out;
}

static_assert(kRanges[std::size(kRanges) - 1].first < kClassifiedCodePoints);
static_assert(kRanges[std::size(kRanges) - 1].value == kOther);

}  // namespace

constexpr std::array<CharacterClass, kClassifiedCodePoints> kCharacterClasses = spread_ranges();

}  // namespace weft
