#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/utf8.h"
#include "text/jinja/characters.h"

namespace weft::jinja {
namespace {

constexpr auto kNone = std::string_view::npos;

// Longest first, so that "**" is not two "*".
constexpr std::array<std::string_view, 25> kOperators = {"**", "//", "==", "!=", ">=", "<=", "+", "-", "/",
                                                         "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                         ">",  "<",  "=",  ".",  ":",  "|",  ","};

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

int digit_value(char c) {
  if (is_ascii_digit(c)) return c - '0';
  char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (!error_ && pos_ < source_.size()) text_and_tag();
    if (error_) return std::move(*error_);
    add(TokenKind::kEnd, source_.size());
    return std::move(tokens_);
  }

 private:
  void fail(size_t offset, std::string_view message) {
    if (!error_) error_ = error_at(source_, offset, message);
  }

  void add(TokenKind kind, size_t offset, std::string text = {}, Value number = {}) {
    tokens_.push_back({kind, static_cast<uint32_t>(offset), std::move(text), std::move(number)});
  }

  bool starts(std::string_view text, size_t at) const { return source_.substr(at, text.size()) == text; }

  size_t skip_space(size_t at) const { return source_.size() - strip_left(source_.substr(at)).size(); }

  // The text up to the next tag, and that tag.
  void text_and_tag() {
    size_t begin = pos_;
    size_t tag = pos_;
    for (;; ++tag) {
      tag = source_.find('{', tag);
      if (tag == kNone || tag + 1 >= source_.size()) {
        add(TokenKind::kText, begin, std::string(source_.substr(begin)));
        pos_ = source_.size();
        return;
      }
      char c = source_[tag + 1];
      if (c == '{' || c == '%' || c == '#') break;
    }
    char type = source_[tag + 1];
    char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    bool has_sign = sign == '-' || sign == '+';
    add_text(begin, tag, sign, type != '{');
    pos_ = tag + 2 + (has_sign ? 1 : 0);
    line_starts_ = false;
    if (type == '#') return comment(tag);
    if (type == '%' && raw_block(tag)) return;
    add(type == '{' ? TokenKind::kPrintBegin : TokenKind::kBlockBegin, tag);
    inside(type == '{' ? "}}" : "%}", type == '{' ? TokenKind::kPrintEnd : TokenKind::kBlockEnd);
  }

  // Adds source_[begin, end) as text, less what the tag behind it takes away.
  void add_text(size_t begin, size_t end, char sign, bool is_block) {
    std::string_view text = source_.substr(begin, end - begin);
    if (sign == '-') {
      text = strip_right(text);
    } else if (sign != '+' && is_block) {
      size_t line = text.rfind('\n');
      line = line == kNone ? 0 : line + 1;
      if ((line > 0 || line_starts_) && strip(text.substr(line)).empty()) text = text.substr(0, line);
    }
    if (!text.empty()) add(TokenKind::kText, begin, std::string(text));
  }

  // Moves past the end of a block or comment ("%}" or "#}" at pos_ after an optional sign) and the newline it takes.
  void close(size_t at, char sign, bool takes_newline) {
    pos_ = at + 2;
    if (sign == '-') {
      pos_ = skip_space(pos_);
    } else if (sign != '+' && takes_newline && starts("\n", pos_)) {
      ++pos_;
    }
    line_starts_ = source_[pos_ - 1] == '\n';
  }

  void comment(size_t tag) {
    size_t end = source_.find("#}", pos_);
    if (pos_ >= source_.size()) return;  // Jinja lets a template end like this
    if (end == kNone) return fail(tag, "Missing end of comment tag");
    char sign = end > pos_ ? source_[end - 1] : '\0';
    close(end, sign, true);
  }

  // {% raw %} ... {% endraw %}. False where the tag at hand is another.
  bool raw_block(size_t tag) {
    size_t at = skip_space(pos_);
    if (!starts("raw", at)) return false;
    at = skip_space(at + 3);
    if (starts("-%}", at)) {
      at = skip_space(at + 3);
    } else if (starts("%}", at)) {
      at += 2;
    } else {
      return false;
    }
    line_starts_ = source_[at - 1] == '\n';
    if (at >= source_.size()) {
      pos_ = at;
      return true;
    }
    for (size_t open = source_.find("{%", at); open != kNone; open = source_.find("{%", open + 1)) {
      char sign = open + 2 < source_.size() ? source_[open + 2] : '\0';
      size_t name = skip_space(open + 2 + (sign == '-' || sign == '+' ? 1 : 0));
      if (!starts("endraw", name)) continue;
      size_t end = skip_space(name + 6);
      char end_sign = starts("-%}", end) || starts("+%}", end) ? source_[end] : '\0';
      if (end_sign != '\0') ++end;
      if (!starts("%}", end)) continue;
      add_text(at, open, sign, true);
      close(end, end_sign, true);
      return true;
    }
    fail(tag, "Missing end of raw directive");
    return true;
  }

  // The tokens of a tag up to `end`.
  void inside(std::string_view end, TokenKind end_kind) {
    std::string brackets;  // the closing ones that are due
    while (!error_) {
      pos_ = skip_space(pos_);
      if (pos_ >= source_.size()) return;  // the parser reports what is missing
      if (brackets.empty()) {
        char sign = source_[pos_];
        bool has_sign = sign == '-' || (sign == '+' && end == "%}");
        size_t at = pos_ + (has_sign ? 1 : 0);
        if (starts(end, at)) {
          add(end_kind, pos_);
          close(at, has_sign ? sign : '\0', end == "%}");
          return;
        }
      }
      token(brackets);
    }
  }

  void token(std::string& brackets) {
    char c = source_[pos_];
    if (is_ascii_digit(c)) return number();
    if (c == '\'' || c == '"') return string();
    size_t end = pos_;
    while (end < source_.size()) {
      size_t next = end;
      if (!is_identifier_part(next_character(source_, next))) break;
      end = next;
    }
    if (end > pos_) {
      add(TokenKind::kName, pos_, std::string(source_.substr(pos_, end - pos_)));
      pos_ = end;
      return;
    }
    for (std::string_view op : kOperators) {
      if (!starts(op, pos_)) continue;
      if (!balance(op, brackets)) return;
      add(TokenKind::kOperator, pos_, std::string(op));
      pos_ += op.size();
      return;
    }
    size_t next = pos_;
    next_character(source_, next);
    fail(pos_, fmt::format("unexpected char '{}'", source_.substr(pos_, next - pos_)));
  }

  bool balance(std::string_view op, std::string& brackets) {
    if (op == "(") brackets += ')';
    if (op == "[") brackets += ']';
    if (op == "{") brackets += '}';
    if (op != ")" && op != "]" && op != "}") return true;
    if (brackets.empty() || brackets.back() != op[0]) {
      fail(pos_, brackets.empty() ? fmt::format("unexpected '{}'", op)
                                  : fmt::format("unexpected '{}', expected '{}'", op, brackets.back()));
      return false;
    }
    brackets.pop_back();
    return true;
  }

  // Digits of `base` with single underscores between them, from `at`; where they end.
  size_t digits_end(size_t at, int base) const {
    size_t end = at;
    while (end < source_.size()) {
      size_t next = end + (source_[end] == '_' && end > at ? 1 : 0);
      if (next >= source_.size() || digit_value(source_[next]) >= base) break;
      end = next + 1;
    }
    return end;
  }

  void number() {
    size_t start = pos_;
    int base = 10;
    size_t digits = start;
    if (source_[start] == '0' && start + 1 < source_.size()) {
      char c = static_cast<char>(source_[start + 1] | 0x20);
      int prefixed = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
      if (prefixed != 10 && digits_end(start + 2, prefixed) > start + 2) {
        base = prefixed;
        digits = start + 2;
      }
    }
    size_t end = digits_end(digits, base);
    bool after_dot = start > 0 && source_[start - 1] == '.';  // a.0.1 is two lookups, not one float
    if (base == 10 && !after_dot) {
      size_t float_end = end_of_float(end);
      if (float_end > end) return add_float(start, float_end);
    }
    if (base == 10 && source_[start] == '0') {  // "007" is 00 and 7
      end = start;
      while (end < source_.size() && source_[end] == '0') ++end;
    }
    Int value = 0;
    for (size_t i = digits; i < end; ++i) {
      if (source_[i] == '_') continue;
      if (__builtin_mul_overflow(value, Int{base}, &value) ||
          __builtin_add_overflow(value, Int{digit_value(source_[i])}, &value)) {
        return fail(start, "the integer is too large");
      }
    }
    add(TokenKind::kInteger, start, {}, value);
    pos_ = end;
  }

  // Where the fraction and exponent behind the digits end; `end` itself when there are none.
  size_t end_of_float(size_t end) const {
    size_t out = end;
    if (starts(".", out) && digits_end(out + 1, 10) > out + 1) out = digits_end(out + 1, 10);
    if (starts("e", out) || starts("E", out)) {
      size_t at = out + 1;
      if (starts("+", at) || starts("-", at)) ++at;
      if (digits_end(at, 10) > at) out = digits_end(at, 10);
    }
    return out;
  }

  void add_float(size_t start, size_t end) {
    std::string text(source_.substr(start, end - start));
    std::erase(text, '_');
    double value = 0;
    auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc()) return fail(start, "the number is out of range");
    add(TokenKind::kFloat, start, {}, value);
    pos_ = end;
  }

  void string() {
    size_t start = pos_;
    char quote = source_[start];
    size_t end = start + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) return fail(start, fmt::format("unexpected char '{}'", quote == '"' ? "\"" : "'"));
    std::string out;
    for (size_t at = start + 1; at < end && !error_;) {
      if (source_[at] != '\\') {
        out += source_[at++];
      } else {
        at = escape(at + 1, out);
      }
    }
    add(TokenKind::kString, start, std::move(out));
    pos_ = end + 1;
  }

  // Decodes the escape whose letter is at `at`; where it ends.
  size_t escape(size_t at, std::string& out) {
    constexpr std::string_view kLetters = "abfnrtv\\'\"";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
    char c = source_[at];
    if (auto letter = kLetters.find(c); letter != kNone) {
      out += kMeanings[letter];
      return at + 1;
    }
    if (c == '\n') return at + 1;
    if (c >= '0' && c <= '7') return code_point(at, 3, 8, false, out);
    if (c == 'x') return code_point(at + 1, 2, 16, true, out);
    if (c == 'u') return code_point(at + 1, 4, 16, true, out);
    if (c == 'U') return code_point(at + 1, 8, 16, true, out);
    out += '\\';
    return at;  // an unknown escape stays as it is
  }

  size_t code_point(size_t at, size_t digits, int base, bool exact, std::string& out) {
    uint32_t value = 0;
    size_t end = at;
    while (end < at + digits && end < source_.size() && digit_value(source_[end]) < base) {
      value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit_value(source_[end++]));
    }
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if ((exact && end < at + digits) || value > 0x10FFFF || surrogate) {
      fail(at, "the escape in this string is not a character");
      return end;
    }
    append_utf8(out, value);
    return end;
  }

  std::string_view source_;
  size_t pos_ = 0;
  bool line_starts_ = true;  // nothing but removed text stands before pos_ on its line
  std::vector<Token> tokens_;
  std::optional<Error> error_;
};

}  // namespace

std::string normalize_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(source).run(); }

Error error_at(std::string_view source, size_t offset, std::string_view message) {
  std::string_view before = source.substr(0, std::min(offset, source.size()));
  size_t line = 1 + static_cast<size_t>(std::ranges::count(before, '\n'));
  size_t newline = before.rfind('\n');
  size_t column = 1 + count_characters(before.substr(newline == kNone ? 0 : newline + 1));
  return make_error(ErrorCode::kInvalidValue, "line {}, column {}: {}", line, column, message);
}

}  // namespace weft::jinja
