#include "grammar/regex_class.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/utf8.h"

namespace weft {

char32_t RegexReader::next() { return decode_utf8(text, pos); }

bool RegexReader::take(char c) {
  if (at_end() || text[pos] != c) return false;
  ++pos;
  return true;
}

Error RegexReader::error_at(size_t offset, std::string_view reason) const {
  return make_error(ErrorCode::kInvalidValue, "Regular expression, offset {}: {}.", offset, reason);
}

Error RegexReader::too_complex_at(size_t offset, std::string_view reason) const {
  return make_error(ErrorCode::kGrammarTooComplex, "Regular expression, offset {}: {}.", offset, reason);
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits as a number, at most a bound that no limit reaches.
int64_t read_number(RegexReader& reader) {
  constexpr int64_t kEnough = std::numeric_limits<int32_t>::max();
  int64_t value = 0;
  while (is_digit(reader.peek())) value = std::min(kEnough, value * 10 + (reader.text[reader.pos++] - '0'));
  return value;
}

int32_t hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `count` hexadecimal digits, or nothing (and nothing taken).
std::optional<char32_t> read_hex(RegexReader& reader, size_t count) {
  if (reader.text.size() - reader.pos < count) return std::nullopt;
  char32_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    const int32_t digit = hex_value(reader.text[reader.pos + i]);
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<char32_t>(digit);
  }
  reader.pos += count;
  return value;
}

// After "\u": XXXX (two of them where they are a surrogate pair) or {X..X}.
std::optional<char32_t> read_unicode_escape(RegexReader& reader) {
  if (reader.take('{')) {
    char32_t value = 0;
    size_t digits = 0;
    for (; hex_value(reader.peek()) >= 0 && value <= CodePointSet::kMax; ++digits) {
      value = value * 16 + static_cast<char32_t>(hex_value(reader.text[reader.pos++]));
    }
    if (digits == 0 || value > CodePointSet::kMax || !reader.take('}')) return std::nullopt;
    return value;
  }
  const auto unit = read_hex(reader, 4);
  if (!unit || *unit < 0xD800 || *unit > 0xDBFF) return unit;
  const size_t after = reader.pos;
  if (reader.take('\\') && reader.take('u')) {
    const auto low = read_hex(reader, 4);
    if (low && *low >= 0xDC00 && *low <= 0xDFFF) return 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
  }
  reader.pos = after;
  return unit;
}

ClassAtom character(char32_t c) { return {false, c, {}}; }
ClassAtom characters(const CodePointSet& set, bool negated) { return {true, 0, negated ? set.complement() : set}; }

// After "\p" or "\P".
Result<ClassAtom> read_property(RegexReader& reader, size_t at, bool negated) {
  std::string_view inside;
  if (reader.take('{')) {
    const size_t end = reader.text.find('}', reader.pos);
    if (end == std::string_view::npos) return reader.error_at(at, "this property's '}' is missing");
    inside = reader.text.substr(reader.pos, end - reader.pos);
    reader.pos = end + 1;
  } else if (reader.peek() == 'L' || reader.peek() == 'N' || reader.peek() == 'P' || reader.peek() == 'S' ||
             reader.peek() == 'Z' || reader.peek() == 'M' || reader.peek() == 'C') {
    inside = reader.text.substr(reader.pos++, 1);  // \pL, as other dialects have it
  } else {
    return reader.error_at(at, "a property is written \\p{Name} or \\p{Name=Value}");
  }
  if (inside.starts_with('^')) {
    negated = !negated;
    inside.remove_prefix(1);
  }
  const size_t equals = inside.find('=');
  const bool has_value = equals != std::string_view::npos;
  auto set = unicode_property(inside.substr(0, equals), has_value ? inside.substr(equals + 1) : std::string_view());
  if (!set || (has_value && equals + 1 == inside.size())) {
    return reader.error_at(at, fmt::format("there is no Unicode property '{}'", inside));
  }
  return characters(*set, negated);
}

std::optional<char32_t> control_escape(char c) {
  switch (c) {
    case 't':
      return U'\t';
    case 'n':
      return U'\n';
    case 'v':
      return U'\v';
    case 'f':
      return U'\f';
    case 'r':
      return U'\r';
    default:
      return std::nullopt;
  }
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// \xHH \uHHHH \u{..} \cX \0
Result<ClassAtom> read_numeric_escape(RegexReader& reader, size_t at, char kind) {
  if (kind == '0') {
    if (is_digit(reader.peek())) return reader.error_at(at, "octal escapes are not supported; write \\xHH");
    return character(0);
  }
  if (kind == 'c') {
    const char letter = reader.peek();
    if (!is_letter(letter)) return reader.error_at(at, "\\c needs a letter");
    ++reader.pos;
    return character(static_cast<char32_t>(letter & 0x1F));
  }
  if (kind == 'x' && reader.peek() != '{') {
    const auto value = read_hex(reader, 2);
    if (!value) return reader.error_at(at, "\\x needs two hexadecimal digits");
    return character(*value);
  }
  const auto value = read_unicode_escape(reader);
  if (!value) return reader.error_at(at, "\\u needs four hexadecimal digits, or a code point in braces");
  return character(*value);
}

}  // namespace

Result<ClassAtom> read_escape(RegexReader& reader, size_t at, bool in_class) {
  if (reader.at_end()) return reader.error_at(at, "nothing follows this backslash");
  const char32_t escaped = reader.next();
  const char c = escaped < 0x80 ? static_cast<char>(escaped) : '\0';
  if (const auto control = control_escape(c)) return character(*control);
  switch (c) {
    case 'd':
    case 'D':
      return characters(digit_set(), c == 'D');
    case 'w':
    case 'W':
      return characters(word_set(), c == 'W');
    case 's':
    case 'S':
      return characters(space_set(), c == 'S');
    case 'p':
    case 'P':
      return read_property(reader, at, c == 'P');
    case 'x':
    case 'u':
    case 'c':
    case '0':
      return read_numeric_escape(reader, at, c);
    case 'b':
      if (in_class) return character(0x08);
      break;
    case 'k':
      return reader.error_at(at, "back-references are not supported");
    default:
      break;
  }
  if (is_digit(c)) {
    return reader.error_at(
        at, in_class ? "octal escapes are not supported; write \\xHH" : "back-references are not supported");
  }
  if (is_letter(c)) return reader.error_at(at, fmt::format("ECMA-262 has no escape \\{}", c));
  return character(escaped);
}

Result<CodePointSet> read_class(RegexReader& reader, size_t at, bool ignore_case) {
  const bool negated = reader.take('^');
  CodePointSet set;
  const auto read_atom = [&reader]() -> Result<ClassAtom> {
    const size_t here = reader.pos;
    const char32_t c = reader.next();
    if (c != '\\') return character(c);
    return read_escape(reader, here, true);
  };
  for (;;) {
    if (reader.at_end()) return reader.error_at(at, "this '[' is never closed");
    if (reader.take(']')) break;
    const size_t here = reader.pos;
    TRY_ASSIGN(const ClassAtom low, read_atom());
    const bool is_range =
        reader.peek() == '-' && reader.pos + 1 < reader.text.size() && reader.text[reader.pos + 1] != ']';
    if (!is_range) {
      if (low.is_set) {
        set.add(low.set);
      } else {
        set.add(low.code_point, low.code_point);
      }
      continue;
    }
    ++reader.pos;
    TRY_ASSIGN(const ClassAtom high, read_atom());
    if (low.is_set || high.is_set) {
      // No range can be meant: [\w-.] is both and the '-' between them.
      for (const ClassAtom* atom : {&low, &high}) {
        if (atom->is_set) {
          set.add(atom->set);
        } else {
          set.add(atom->code_point, atom->code_point);
        }
      }
      set.add('-', '-');
      continue;
    }
    if (high.code_point < low.code_point) return reader.error_at(here, "this range runs backwards");
    set.add(low.code_point, high.code_point);
  }
  if (ignore_case) set = set.with_other_case();
  return negated ? set.complement() : set;
}

Result<std::optional<std::pair<int64_t, int64_t>>> RegexReader::braces(size_t at) {
  using Bounds = std::optional<std::pair<int64_t, int64_t>>;
  const size_t begin = pos;
  if (!is_digit(peek())) {
    if (take(',') && is_digit(peek())) {
      read_number(*this);
      if (take('}')) return error_at(at, "a repetition without lower bound is written {0,n}");
    }
    pos = begin;
    return Bounds();
  }
  const int64_t min = read_number(*this);
  if (take('}')) return Bounds({min, min});
  if (take(',')) {
    if (take('}')) return Bounds({min, -1});
    if (is_digit(peek())) {
      const int64_t max = read_number(*this);
      if (take('}')) return Bounds({min, max});
    }
  }
  pos = begin;
  return Bounds();
}

}  // namespace weft
