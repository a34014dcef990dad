// Values as text, as Python prints them: str(), repr(), json.dumps().
#pragma once

#include <optional>
#include <string>

#include "text/jinja/meter.h"

namespace weft::jinja {

// str(value); an undefined value is empty. Charges the meter for what it makes; after a failure the text is cut short.
std::string to_text(Meter& meter, const Value& value);
std::string to_repr(Meter& meter, const Value& value);

std::string integer_text(Int value);
// "\\xe9", "\\u200b", "\\U0001f917": how repr() and ascii() show a character that they don't print.
void append_escape(std::string& out, char32_t c);
// "1.0", "1e-05", "inf"
std::string float_text(double value);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // of one level; a new line for each item where there is one
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
std::string to_json(Meter& meter, const Value& value, const JsonStyle& style);

}  // namespace weft::jinja
