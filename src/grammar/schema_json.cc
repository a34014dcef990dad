#include "grammar/schema_json.h"

#include <map>

#include "grammar/regex.h"

namespace weft::schema {
namespace {

// A string that begins with U+0001 is a kept number (then 'n' and the literal) or a string that began so ('s').
constexpr char kMark = '\x01';
constexpr std::string_view kEscapedMark = "\\u0001";
constexpr size_t kExactDigits = 18;

size_t end_of_string(std::string_view text, size_t quote) {
  size_t i = quote + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return i + 1;
}

bool is_key(std::string_view text, size_t after) {
  while (after < text.size() &&
         (text[after] == ' ' || text[after] == '\n' || text[after] == '\r' || text[after] == '\t'))
    ++after;
  return after < text.size() && text[after] == ':';
}

// `text` is valid JSON. Numbers that need it become marked strings; empty when there is none.
std::string mark_numbers(std::string_view text) {
  std::string out;
  size_t copied = 0;
  auto replace = [&](size_t from, size_t until, const std::string& by) {
    out.append(text, copied, from - copied).append(by);
    copied = until;
  };
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      size_t end = end_of_string(text, i);
      if (text.substr(i + 1, kEscapedMark.size()) == kEscapedMark && !is_key(text, end)) {
        replace(i, i + 1, fmt::format("\"{}s", kEscapedMark));
      }
      i = end;
    } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
      size_t end = text.find_first_not_of("0123456789+-.eE", i);
      if (end == std::string_view::npos) end = text.size();
      std::string_view literal = text.substr(i, end - i);
      if (literal.size() > kExactDigits || literal.find_first_of(".eE") != std::string_view::npos || literal == "-0") {
        replace(i, end, fmt::format("\"{}n{}\"", kEscapedMark, literal));
      }
      i = end;
    } else {
      ++i;
    }
  }
  if (copied > 0) out.append(text, copied);
  return out;
}

bool is_marked(const Json& value, char kind) {
  if (!value.is_string()) return false;
  const auto& text = value.get_string();
  return text.size() >= 2 && text[0] == kMark && text[1] == kind;
}

}  // namespace

Result<Json> parse_exact(std::string_view text, const JsonLimits& limits) {
  TRY_ASSIGN(Json value, parse_json(text, limits));
  std::string marked = mark_numbers(text);
  if (marked.empty()) return value;
  return parse_json(marked, limits);
}

bool is_number(const Json& value) { return value.is_number() || is_marked(value, 'n'); }

bool is_string(const Json& value) { return value.is_string() && !is_marked(value, 'n'); }

std::string number_text(const Json& value) {
  if (value.is_string()) return std::string(std::string_view(value.get_string()).substr(2));
  return write_json(value);
}

std::string_view string_text(const Json& value) {
  std::string_view text = value.get_string();
  return is_marked(value, 's') ? text.substr(2) : text;
}

void append_canonical(std::string& out, const Json& value) {
  if (is_number(value)) {
    Result<Decimal> number = parse_decimal(number_text(value));
    bool is_minus = number && number->negative && number->digits.compare("0") != 0;
    out += number ? fmt::format("{}{}e{}", is_minus ? "-" : "", number->digits, number->exponent) : number_text(value);
  } else if (value.is_array()) {
    out += '[';
    for (const Json& item : value.get_array()) {
      append_canonical(out, item);
      out += ',';
    }
    out += ']';
  } else if (value.is_object()) {
    std::map<std::string_view, const Json*> sorted;
    for (const auto& member : value.get_object()) sorted.emplace(member.key(), &member.value());
    out += '{';
    for (const auto& [key, item] : sorted) {
      append_json_string(out, key);
      append_canonical(out, *item);
      out += ',';
    }
    out += '}';
  } else {
    append_json(out, value);
  }
}

std::string_view kind_name(const Json& value) {
  if (is_number(value)) return "a number";
  if (value.is_string()) return "a string";
  if (value.is_bool()) return "a boolean";
  if (value.is_array()) return "an array";
  return value.is_object() ? "an object" : "null";
}

}  // namespace weft::schema
