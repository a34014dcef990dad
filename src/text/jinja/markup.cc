#include "text/jinja/markup.h"

#include <algorithm>
#include <array>

#include "text/jinja/compare.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

constexpr std::array<std::string_view, 10> kEscapesArguments = {
    "center", "join", "ljust", "lstrip", "removeprefix", "removesuffix", "replace", "rjust", "rstrip", "strip"};

Value marked(Value value) {
  if (value.is_string()) return Value::markup(value.string());
  if (!value.is(Kind::kList) && !value.is(Kind::kTuple)) return value;
  std::vector<Value> items = value.items();
  for (Value& item : items) item = marked(std::move(item));
  return Value::sequence(value.kind(), std::move(items));
}

// What join() is given, all of it as escaped text.
Value escaped_items(Meter& meter, const Value& sequence) {
  std::vector<Value> items = walk(meter, sequence);
  for (Value& item : items) {
    item = escaped_text(meter, item);
  }
  return Value::list(std::move(items));
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escaped_text(Meter& meter, const Value& value) {
  std::string text = to_text(meter, value);
  if (value.is_markup()) return text;
  text = escape_html(text);
  return meter.charge_text(text.size()) ? text : std::string();
}

Value call_on_markup(const NativeEntry& method, NativeCall& call) {
  if (std::ranges::find(kEscapesArguments, method.name) != kEscapesArguments.end()) {
    for (Value& argument : call.arguments.positional) {
      if (argument.is_string()) {
        argument = escaped_text(call.meter, argument);
      } else if (method.name == "join") {
        argument = escaped_items(call.meter, argument);
      }
    }
  }
  return marked(method.function(call));
}

}  // namespace weft::jinja
