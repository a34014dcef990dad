#include "frontend/tool_calls/json_reader.h"

#include <fmt/format.h>

#include <iterator>

namespace weft {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

void JsonReader::reset() { *this = JsonReader(); }

bool JsonReader::fail() {
  state_ = State::kBad;
  return false;
}

size_t JsonReader::push(std::string_view text, std::string& out) {
  size_t used = 0;
  while (used < text.size() && state_ == State::kMore && step(text[used], out)) ++used;
  return used;
}

void JsonReader::finish() {
  bool is_number = stack_.empty() && (expect_ == Expect::kNumberZero || expect_ == Expect::kNumberInt ||
                                      expect_ == Expect::kNumberFrac || expect_ == Expect::kNumberExp);
  if (state_ == State::kMore && is_number) state_ = State::kDone;
}

void JsonReader::end_value() {
  expect_ = Expect::kCommaOrEnd;
  may_close_ = false;
  if (stack_.empty()) state_ = State::kDone;
}

bool JsonReader::step(char c, std::string& out) {
  switch (expect_) {
    case Expect::kString:
    case Expect::kEscape:
    case Expect::kHexDigits:
      return string_byte(c, out);
    case Expect::kLiteral:
      if (c != literal_.front()) return fail();
      literal_.remove_prefix(1);
      if (literal_.empty()) end_value();
      break;
    case Expect::kNumberSign:
    case Expect::kNumberZero:
    case Expect::kNumberInt:
    case Expect::kNumberDot:
    case Expect::kNumberFrac:
    case Expect::kNumberE:
    case Expect::kNumberESign:
    case Expect::kNumberExp:
      if (number_byte(c)) break;
      if (state_ != State::kMore) return false;  // wrong, or a number at the top is over
      [[fallthrough]];                           // the number is over, and this byte follows it
    default:
      if (!is_space(c) && !structure(c)) return fail();
  }
  out += c;
  return true;
}

bool JsonReader::structure(char c) {
  bool closes = (c == '}' || c == ']') && !stack_.empty() && stack_.back() == (c == '}' ? '{' : '[') &&
                (expect_ == Expect::kCommaOrEnd || may_close_);
  if (closes) {
    stack_.pop_back();
    end_value();
    return true;
  }
  may_close_ = false;
  switch (expect_) {
    case Expect::kKey:
      in_key_ = true;
      expect_ = Expect::kString;
      return c == '"';
    case Expect::kColon:
      expect_ = Expect::kValue;
      return c == ':';
    case Expect::kCommaOrEnd:
      if (c != ',' || stack_.empty()) return false;
      expect_ = stack_.back() == '{' ? Expect::kKey : Expect::kValue;
      return true;
    default:
      return start_value(c);
  }
}

bool JsonReader::start_value(char c) {
  switch (c) {
    case '{':
    case '[':
      if (stack_.size() == kMaxDepth) return false;
      stack_ += c;
      expect_ = c == '{' ? Expect::kKey : Expect::kValue;
      may_close_ = true;
      return true;
    case '"':
      in_key_ = false;
      expect_ = Expect::kString;
      return true;
    case 't':
    case 'f':
    case 'n':
      literal_ = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
      expect_ = Expect::kLiteral;
      return true;
    case '-':
      expect_ = Expect::kNumberSign;
      return true;
    default:
      expect_ = c == '0' ? Expect::kNumberZero : Expect::kNumberInt;
      return is_digit(c);
  }
}

bool JsonReader::string_byte(char c, std::string& out) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  if (expect_ == Expect::kHexDigits) {
    if (!is_hex(c)) return fail();
    if (--hex_left_ == 0) expect_ = Expect::kString;
  } else if (expect_ == Expect::kEscape) {
    if (c != 'u' && kEscapes.find(c) == std::string_view::npos) return fail();
    expect_ = c == 'u' ? Expect::kHexDigits : Expect::kString;
    hex_left_ = kMaxHexDigits;
  } else if (c == '\\') {
    expect_ = Expect::kEscape;
  } else if (c == '"') {
    if (in_key_) {
      expect_ = Expect::kColon;
    } else {
      end_value();
    }
  } else if (static_cast<unsigned char>(c) < 0x20) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    }
    return true;
  }
  out += c;
  return true;
}

// False: the byte does not continue the number. Then the number is over, if it may end here.
bool JsonReader::number_byte(char c) {
  bool may_end = false;
  switch (expect_) {
    case Expect::kNumberSign:
      if (is_digit(c)) return expect_ = c == '0' ? Expect::kNumberZero : Expect::kNumberInt, true;
      break;
    case Expect::kNumberZero:
    case Expect::kNumberInt:
      if (expect_ == Expect::kNumberInt && is_digit(c)) return true;
      if (c == '.') return expect_ = Expect::kNumberDot, true;
      if (c == 'e' || c == 'E') return expect_ = Expect::kNumberE, true;
      may_end = true;
      break;
    case Expect::kNumberDot:
    case Expect::kNumberFrac:
      if (is_digit(c)) return expect_ = Expect::kNumberFrac, true;
      may_end = expect_ == Expect::kNumberFrac;
      if (may_end && (c == 'e' || c == 'E')) return expect_ = Expect::kNumberE, true;
      break;
    case Expect::kNumberE:
      if (c == '+' || c == '-') return expect_ = Expect::kNumberESign, true;
      [[fallthrough]];
    default:
      if (is_digit(c)) return expect_ = Expect::kNumberExp, true;
      may_end = expect_ == Expect::kNumberExp;
  }
  if (may_end) {
    end_value();
  } else {
    fail();
  }
  return false;
}

}  // namespace weft
