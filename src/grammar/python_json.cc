#include "grammar/python_json.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/json.h"
#include "base/utf8.h"

namespace weft {
namespace {

// Follows one JSON text and writes it anew on the way.
class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : text_(text) {}

  // The next value, whatever is in it.
  Status value() {
    std::string open;  // the closing bracket of every container around this place
    do {
      TRY(scalar_or_opening(open));
      while (!open.empty() && !wants_value_) TRY(after_value(open));
    } while (!open.empty());
    return {};
  }

  Status key() {
    if (peek() != '"') return fault("a key in double quotes");
    TRY(string());
    skip_space();
    if (peek() != ':') return fault("':'");
    ++position_;
    out_ += ": ";
    return {};
  }

  Status expect(char c) {
    skip_space();
    if (peek() != c) return fault(std::string("'") + c + "'");
    ++position_;
    return {};
  }
  bool take(char c) {
    skip_space();
    if (peek() != c) return false;
    ++position_;
    return true;
  }
  Status end() {
    skip_space();
    return position_ == text_.size() ? Status() : fault("nothing after the value");
  }
  void skip_space() {
    while (position_ < text_.size() && std::string_view(" \t\n\r").find(text_[position_]) != std::string_view::npos) {
      ++position_;
    }
  }

  size_t position() const { return position_; }
  std::string take_output() { return std::exchange(out_, {}); }

 private:
  // '\0' at the end: no JSON text has one outside of escapes.
  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  Error fault(std::string_view expected) const {
    return make_error(ErrorCode::kInvalidJson, "Not JSON: {} is expected at byte {}.", expected, position_);
  }

  Status scalar_or_opening(std::string& open) {
    wants_value_ = false;
    skip_space();
    char c = peek();
    if (c == '"') return string();
    if (c != '{' && c != '[') return word();
    ++position_;
    out_ += c;
    char closing = c == '{' ? '}' : ']';
    skip_space();
    if (peek() == closing) {
      ++position_;
      out_ += closing;
      return {};
    }
    open += closing;
    wants_value_ = true;
    if (c == '{') TRY(key());
    return {};
  }

  Status after_value(std::string& open) {
    skip_space();
    char c = peek();
    if (c == open.back()) {
      ++position_;
      out_ += c;
      open.pop_back();
      return {};
    }
    if (c != ',') return fault(open.back() == '}' ? "',' or '}'" : "',' or ']'");
    ++position_;
    out_ += ", ";
    wants_value_ = true;
    skip_space();
    return open.back() == '}' ? key() : Status();
  }

  // A number or one of the three names.
  Status word() {
    for (std::string_view name : {"true", "false", "null"}) {
      if (!text_.substr(position_).starts_with(name)) continue;
      position_ += name.size();
      out_ += name;
      return {};
    }
    size_t start = position_;
    if (peek() == '-') ++position_;
    if (peek() == '0') {
      ++position_;
    } else {
      TRY(digits("a value"));
    }
    if (peek() == '.') {
      ++position_;
      TRY(digits("a digit"));
    }
    if (peek() == 'e' || peek() == 'E') {
      ++position_;
      if (peek() == '+' || peek() == '-') ++position_;
      TRY(digits("a digit"));
    }
    out_ += text_.substr(start, position_ - start);
    return {};
  }

  Status digits(std::string_view expected) {
    size_t start = position_;
    while (peek() >= '0' && peek() <= '9') ++position_;
    return position_ > start ? Status() : fault(expected);
  }

  Status string() {
    out_ += '"';
    for (++position_; peek() != '"';) {
      if (position_ >= text_.size()) return fault("'\"'");
      auto byte = static_cast<unsigned char>(text_[position_]);
      if (byte < 0x20) return fault("an escape instead of a control character");
      if (byte == '\\') {
        TRY(escape());
      } else if (byte < 0x80) {
        ++position_;
        write_unit(byte);
      } else {
        if (utf8_sequence_length(text_.substr(position_)) == 0) return fault("UTF-8");
        write_code_point(decode_utf8(text_, position_));
      }
    }
    ++position_;
    out_ += '"';
    return {};
  }

  Status escape() {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    ++position_;
    if (size_t index = kNames.find(peek()); index != std::string_view::npos) {
      ++position_;
      write_unit(static_cast<unsigned char>(kMeanings[index]));
      return {};
    }
    if (peek() != 'u') return fault("one of \"\\/bfnrtu");
    ++position_;
    uint32_t unit = 0;
    for (int i = 0; i < 4; ++i, ++position_) {
      size_t digit = std::string_view("0123456789abcdef0123456789ABCDEF").find(peek());
      if (digit == std::string_view::npos) return fault("a hexadecimal digit");
      unit = unit * 16 + static_cast<uint32_t>(digit % 16);
    }
    write_unit(unit);
    return {};
  }

  void write_code_point(char32_t code_point) {
    if (code_point < 0x10000) return write_unit(static_cast<uint32_t>(code_point));
    write_unit(0xD7C0 + (static_cast<uint32_t>(code_point) >> 10));
    write_unit(0xDC00 + (static_cast<uint32_t>(code_point) & 0x3FF));
  }

  // One unit of UTF-16.
  void write_unit(uint32_t unit) {
    static constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";
    static constexpr std::string_view kNames = "\"\\bfnrt";
    size_t index = unit < 0x80 ? kMeanings.find(static_cast<char>(unit)) : std::string_view::npos;
    if (index != std::string_view::npos) {
      out_ += '\\';
      out_ += kNames[index];
    } else if (unit >= 0x20 && unit < 0x7F) {
      out_ += static_cast<char>(unit);
    } else {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", unit);
    }
  }

  std::string_view text_;
  size_t position_ = 0;
  bool wants_value_ = true;
  std::string out_;
};

// A rewritten string (ASCII, with its quotes) as UTF-8.
std::string text_of(std::string_view quoted) {
  auto parsed = parse_json(quoted);
  if (parsed && parsed->is_string()) return std::string(parsed->get_string());
  return "\xEF\xBF\xBD";  // only lone surrogates remain: no such key means anything
}

}  // namespace

Result<std::string> python_json(std::string_view json) {
  Rewriter rewriter(json);
  TRY(rewriter.value());
  TRY(rewriter.end());
  return rewriter.take_output();
}

Result<std::vector<JsonMember>> json_members(std::string_view json) {
  Rewriter rewriter(json);
  std::vector<JsonMember> members;
  TRY(rewriter.expect('{'));
  if (!rewriter.take('}')) {
    do {
      rewriter.skip_space();
      rewriter.take_output();
      TRY(rewriter.key());
      std::string key = rewriter.take_output();
      key.resize(key.size() - 2);  // ": "
      rewriter.skip_space();
      size_t start = rewriter.position();
      TRY(rewriter.value());
      members.push_back({text_of(key), json.substr(start, rewriter.position() - start)});
    } while (rewriter.take(','));
    TRY(rewriter.expect('}'));
  }
  TRY(rewriter.end());
  return members;
}

Result<std::vector<std::string_view>> json_elements(std::string_view json) {
  Rewriter rewriter(json);
  std::vector<std::string_view> elements;
  TRY(rewriter.expect('['));
  if (!rewriter.take(']')) {
    do {
      rewriter.skip_space();
      size_t start = rewriter.position();
      TRY(rewriter.value());
      elements.push_back(json.substr(start, rewriter.position() - start));
    } while (rewriter.take(','));
    TRY(rewriter.expect(']'));
  }
  TRY(rewriter.end());
  return elements;
}

}  // namespace weft
