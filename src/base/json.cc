#include "base/json.h"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/parser.hpp>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/utf8.h"

namespace weft {
namespace {

// Counts nodes and rejects non-finite numbers with an explicit stack (I3). Boost has capped the depth already.
Status check_nodes(const Json& root, size_t max_nodes) {
  std::vector<const Json*> pending{&root};
  size_t nodes = 0;
  while (!pending.empty()) {
    const Json* value = pending.back();
    pending.pop_back();
    if (++nodes > max_nodes) {
      return make_error(ErrorCode::kInvalidJson, "The JSON text has more than {} values.", max_nodes);
    }
    if (value->is_double() && !std::isfinite(value->get_double())) {
      return make_error(ErrorCode::kInvalidJson, "The JSON text has a number beyond the range of a double.");
    }
    if (value->is_array()) {
      for (const Json& item : value->get_array()) pending.push_back(&item);
    } else if (value->is_object()) {
      for (const auto& member : value->get_object()) pending.push_back(&member.value());
    }
  }
  return {};
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  boost::json::parse_options options;
  options.max_depth = limits.max_depth;
  boost::json::parser parser({}, options);
  boost::json::error_code error;
  size_t consumed = parser.write(text, error);
  if (error) {
    return make_error(ErrorCode::kInvalidJson, "The text is not valid JSON at byte {}: {}.", consumed, error.message());
  }
  Json value = parser.release();
  TRY(check_nodes(value, limits.max_nodes));
  return value;
}

std::string json_number(double value) {
  CHECK(std::isfinite(value));
  std::array<char, 32> buffer;
  auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  CHECK(error == std::errc());
  std::string out(buffer.data(), end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  size_t plain_from = 0;
  auto flush = [&](size_t until) { out.append(text, plain_from, until - plain_from); };
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    size_t length = byte < 0x80 ? 1 : utf8_sequence_length(text.substr(i));
    if (byte >= 0x20 && byte != '"' && byte != '\\' && length > 0) {
      i += length;
      continue;
    }
    flush(i);
    switch (byte) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (byte < 0x20) {
          out += fmt::format("\\u{:04x}", byte);
        } else {
          out += "\xEF\xBF\xBD";
        }
    }
    plain_from = ++i;
  }
  flush(text.size());
  out += '"';
}

// Recursion is bounded: values come from parse_json, which caps the depth, or from our own code.
void append_json(std::string& out, const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out += "null";
      break;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case boost::json::kind::int64:
      out += std::to_string(value.get_int64());
      break;
    case boost::json::kind::uint64:
      out += std::to_string(value.get_uint64());
      break;
    case boost::json::kind::double_:
      out += json_number(value.get_double());
      break;
    case boost::json::kind::string:
      append_json_string(out, value.get_string());
      break;
    case boost::json::kind::array: {
      out += '[';
      const char* separator = "";
      for (const Json& item : value.get_array()) {
        out += separator;
        append_json(out, item);
        separator = ",";
      }
      out += ']';
      break;
    }
    case boost::json::kind::object: {
      out += '{';
      const char* separator = "";
      for (const auto& member : value.get_object()) {
        out += separator;
        append_json_string(out, member.key());
        out += ':';
        append_json(out, member.value());
        separator = ",";
      }
      out += '}';
      break;
    }
  }
}

std::string write_json(const Json& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace weft
