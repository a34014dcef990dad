// A schema's JSON, its numbers exactly as they were written.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace weft::schema {

// Parses like parse_json, but keeps a number that int64 does not hold (fraction, exponent, more than 18 digits) as its
// literal text. Such numbers look like strings to Boost.JSON: ask with the functions below only.
Result<Json> parse_exact(std::string_view text, const JsonLimits& limits);

bool is_number(const Json& value);
bool is_string(const Json& value);
std::string number_text(const Json& value);       // of a number: its JSON literal
std::string_view string_text(const Json& value);  // of a string; borrows from it
std::string_view kind_name(const Json& value);    // "a number", "an object", ... for messages
// A text that equal JSON values share: numbers by value, keys sorted. As deep as the value, which the parser bounds.
void append_canonical(std::string& out, const Json& value);
inline bool is_scalar(const Json& value) { return !value.is_array() && !value.is_object(); }

}  // namespace weft::schema
