// JSON: Boost.JSON's values (objects keep their order), one parser with limits, one writer.
// Boost's parser takes 1e999 for infinity and its serialiser writes 0.1 as 1E-1; both are replaced here.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weft {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

struct JsonLimits {
  size_t max_depth = 32;
  size_t max_nodes = 250'000;  // values, counted through all levels
};

// Parses one JSON text (RFC 8259, UTF-8, finite numbers, nothing after it). kInvalidJson on any fault, with its offset.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Compact JSON: no spaces, shortest round-trip numbers ("0.1", "1.0"), UTF-8 as it is.
std::string write_json(const Json& value);
void append_json(std::string& out, const Json& value);

// `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// The shortest text that reads back as `value`; integers keep ".0". `value` must be finite.
std::string json_number(double value);

}  // namespace weft
