#include "grammar/json_escapes.h"

#include <algorithm>

namespace weft {

namespace {

// The phase is in the low four bits; then the number of digits read (4 bits), their value (12), and for the second
// half of a pair the ten bits of the first.
enum Phase : int32_t { kOutside = 0, kEscape = 1, kUnit = 2, kSecondBackslash = 3, kSecondU = 4, kSecondUnit = 5 };

constexpr char32_t kFirstPrintable = 0x20, kLastPrintable = 0x7E;
constexpr char32_t kFirstHigh = 0xD800, kFirstLow = 0xDC00, kLastLow = 0xDFFF;

int32_t hex_digit(uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

EscapeStep partial(EscapeState state) { return {EscapeStep::Kind::kPartial, state, 0}; }
EscapeStep character(char32_t c) { return {EscapeStep::Kind::kCharacter, 0, c}; }

// The 16-bit units that `digits` hexadecimal digits of value `value` can become.
CharacterRange units(int32_t digits, int32_t value) {
  int shift = 4 * (4 - digits);
  auto first = static_cast<char32_t>(value) << shift;
  return {first, first + (char32_t{1} << shift) - 1};
}

EscapeStep step_unit(EscapeState state, int32_t digit) {
  int32_t phase = state & 15, digits = ((state >> 4) & 15) + 1, value = ((state >> 8) & 0xFFF) * 16 + digit;
  int32_t high = state >> 20;
  if (digits < 4) {
    EscapeState next = phase | (digits << 4) | (value << 8) | (high << 20);
    return escape_characters(next).count > 0 ? partial(next) : EscapeStep{};
  }
  auto unit = static_cast<char32_t>(value);
  if (phase == kSecondUnit) {
    if (unit < kFirstLow || unit > kLastLow) return {};
    return character(0x10000 + (static_cast<char32_t>(high) << 10) + (unit - kFirstLow));
  }
  if (unit >= kFirstLow && unit <= kLastLow) return {};
  if (unit >= kFirstPrintable && unit <= kLastPrintable) return {};
  if (unit < kFirstHigh || unit > kLastLow) return character(unit);
  return partial(kSecondBackslash | static_cast<int32_t>(unit - kFirstHigh) << 20);
}

}  // namespace

EscapeStep step_escape(EscapeState state, uint8_t byte) {
  switch (state & 15) {
    case kEscape:
      switch (byte) {
        case '"':
        case '\\':
        case '/':
          return character(byte);
        case 'b':
          return character('\b');
        case 'f':
          return character('\f');
        case 'n':
          return character('\n');
        case 'r':
          return character('\r');
        case 't':
          return character('\t');
        case 'u':
          return partial(kUnit);
        default:
          return {};
      }
    case kSecondBackslash:
      return byte == '\\' ? partial(kSecondU | (state & ~15)) : EscapeStep{};
    case kSecondU:
      return byte == 'u' ? partial(kSecondUnit | (state & ~15)) : EscapeStep{};
    default: {
      int32_t digit = hex_digit(byte);
      return digit < 0 ? EscapeStep{} : step_unit(state, digit);
    }
  }
}

bool CharacterRanges::contains(char32_t c) const {
  return std::any_of(ranges.begin(), ranges.begin() + count,
                     [&](const CharacterRange& range) { return range.first <= c && c <= range.last; });
}

CharacterRanges escape_characters(EscapeState state) {
  CharacterRanges result;
  auto add = [&](char32_t first, char32_t last) {
    if (first <= last) result.ranges[static_cast<size_t>(result.count++)] = {first, last};
  };
  auto add_units = [&](char32_t first, char32_t last) {  // of the range, those that \uXXXX may stand for by itself
    add(first, std::min<char32_t>(last, kFirstPrintable - 1));
    add(std::max<char32_t>(first, kLastPrintable + 1), std::min<char32_t>(last, kFirstHigh - 1));
    add(std::max<char32_t>(first, kLastLow + 1), last);
  };
  int32_t phase = state & 15, digits = (state >> 4) & 15, value = (state >> 8) & 0xFFF;
  auto pairs = 0x10000 + (static_cast<char32_t>(state >> 20) << 10);
  switch (phase) {
    case kEscape:
      add_units(0, 0x10FFFF);
      for (char32_t c : {U'"', U'/', U'\\'}) add(c, c);
      break;
    case kUnit: {
      CharacterRange range = units(digits, value);
      add_units(range.first, range.last);
      char32_t first = std::max(range.first, kFirstHigh), last = std::min<char32_t>(range.last, kFirstLow - 1);
      if (first <= last) add(0x10000 + ((first - kFirstHigh) << 10), 0x10000 + ((last - kFirstHigh) << 10) + 0x3FF);
      break;
    }
    case kSecondUnit: {
      CharacterRange range = units(digits, value);
      char32_t first = std::max(range.first, kFirstLow), last = std::min(range.last, kLastLow);
      if (first <= last) add(pairs + (first - kFirstLow), pairs + (last - kFirstLow));
      break;
    }
    default:
      add(pairs, pairs + 0x3FF);
  }
  return result;
}

size_t open_escape(std::string_view text) {
  EscapeState state = 0;
  size_t begin = text.size();
  for (size_t i = 1; i < text.size(); ++i) {
    if (state != 0) {
      state = step_escape(state, static_cast<uint8_t>(text[i])).state;
    } else if (text[i] == '\\') {
      state = kAfterBackslash;
      begin = i;
    }
  }
  return state != 0 ? begin : text.size();
}

}  // namespace weft
