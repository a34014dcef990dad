// Filters on single values: numbers, defaults, JSON.
#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/operators.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

Value default_value(NativeCall& call) {
  if (!call.bind({"default_value", "boolean"})) return {};
  bool replace = call.self.is_undefined() || (call.flag_or(1, false) && !truth(call.self));
  return replace ? call.value_or(0, "") : call.self;
}

Value absolute(NativeCall& call) {
  if (!call.bind({})) return {};
  if (call.self.is_integer())
    return call.self.integer() < 0 ? negate(call.meter, call.self) : Value(call.self.integer());
  if (call.self.is_number()) return std::fabs(call.self.number());
  if (call.self.is_undefined()) return call.meter.fail_undefined(call.self);
  return call.meter.fail("bad operand type for abs(): '{}'", type_name(call.self));
}

// Digits with single underscores between them.
std::optional<std::string> plain_digits(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    bool inner = i > 0 && i + 1 < text.size() && text[i - 1] != '_';
    if (text[i] == '_' && inner) continue;
    if (text[i] == '_') return std::nullopt;
    out += text[i];
  }
  return out;
}

std::optional<Int> parse_integer(std::string_view text, int base) {
  text = strip(text);
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() > 2 && text[0] == '0') {
    char prefix = static_cast<char>(text[1] | 0x20);
    int prefixed = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 0;
    if (prefixed != 0 && (base == prefixed || base == 0)) {
      base = prefixed;
      text.remove_prefix(2);
    }
  }
  auto digits = plain_digits(text);
  if (!digits || digits->empty()) return std::nullopt;
  Int out = 0;
  for (char c : *digits) {
    int value = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? (c | 0x20) - 'a' + 10 : 99;
    if (value >= (base == 0 ? 10 : base)) return std::nullopt;
    if (__builtin_mul_overflow(out, Int{base == 0 ? 10 : base}, &out) ||
        __builtin_add_overflow(out, Int{value}, &out)) {
      return std::nullopt;
    }
  }
  return negative ? -out : out;
}

std::optional<double> parse_float(std::string_view text) {
  text = strip(text);
  bool signed_ = !text.empty() && (text[0] == '-' || text[0] == '+');
  bool negative = signed_ && text[0] == '-';
  if (signed_) text.remove_prefix(1);
  std::string lower = to_lower(text);
  if (lower == "inf" || lower == "infinity") return negative ? -INFINITY : INFINITY;
  if (lower == "nan") return std::nan("");
  auto digits = plain_digits(lower);
  if (!digits || digits->empty() || (digits->front() != '.' && (digits->front() < '0' || digits->front() > '9'))) {
    return std::nullopt;
  }
  double out = 0;
  auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), out);
  if (end != digits->data() + digits->size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    bool tiny = digits->find("e-") != std::string::npos;
    out = tiny ? 0.0 : INFINITY;
  }
  return negative ? -out : out;
}

std::optional<Int> truncated(double value) {
  if (!(std::fabs(value) < 1e38)) return std::nullopt;
  return static_cast<Int>(value);
}

Value to_integer(NativeCall& call) {
  if (!call.bind({"default", "base"})) return {};
  const Value& self = call.self;
  Value fallback = call.value_or(0, 0);
  std::optional<Int> out;
  if (self.is_undefined()) return call.meter.fail_undefined(self);
  if (self.is_integer()) out = self.integer();
  if (self.is(Kind::kFloat)) out = truncated(self.number());
  if (self.is_string()) {
    out = parse_integer(self.string(), static_cast<int>(call.integer_or(1, 10)));
    if (!out) {
      auto real = parse_float(self.string());
      if (real) out = truncated(*real);
    }
  }
  return out ? Value(*out) : fallback;
}

Value to_float(NativeCall& call) {
  if (!call.bind({"default"})) return {};
  const Value& self = call.self;
  if (self.is_undefined()) return call.meter.fail_undefined(self);
  if (self.is_number()) return self.number();
  std::optional<double> out = self.is_string() ? parse_float(self.string()) : std::nullopt;
  return out ? Value(*out) : call.value_or(0, 0.0);
}

Value round_number(NativeCall& call) {
  if (!call.bind({"precision", "method"})) return {};
  std::string method = call.text_or(1, "common");
  Int precision = call.integer_or(0, 0);
  if (call.meter.failed()) return {};
  if (method != "common" && method != "ceil" && method != "floor") {
    return call.meter.fail("method must be common, ceil or floor");
  }
  if (call.self.is_undefined()) return call.meter.fail_undefined(call.self);
  if (!call.self.is_number()) return call.meter.fail("type {} doesn't define round", type_name(call.self));
  double value = call.self.number();
  if (precision > 300 || precision < -300 || !std::isfinite(value)) return call.self;
  if (method == "common") {
    if (call.self.is_integer() && precision >= 0) return call.self.integer();
    // Decimal rounding of the exact binary value, as Python does it.
    if (precision >= 0) return std::stod(fmt::format("{:.{}f}", value, static_cast<int>(precision)));
    double scale = std::pow(10.0, static_cast<double>(-precision));
    double rounded = std::nearbyint(value / scale) * scale;
    return call.self.is_integer() ? Value(static_cast<Int>(rounded)) : Value(rounded);
  }
  double scale = std::pow(10.0, static_cast<double>(precision));
  double scaled = method == "ceil" ? std::ceil(value * scale) : std::floor(value * scale);
  return (scaled + 0.0) / scale;  // Python rounds to an integer, which has no negative zero
}

Value file_size(NativeCall& call) {
  if (!call.bind({"binary"})) return {};
  NativeCall number{call.interpreter, call.meter, "float", call.self, {}, {}};
  number.arguments.positional.push_back(Value::none());
  Value size = to_float(number);
  if (call.meter.failed()) return {};
  if (size.is_none()) return call.meter.fail("could not convert {} to float", type_name(call.self));
  double bytes = size.number();
  bool binary = call.flag_or(0, false);
  double base = binary ? 1024 : 1000;
  constexpr std::array<std::string_view, 8> kPrefixes = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
  if (bytes == 1) return "1 Byte";
  if (bytes < base) return fmt::format("{} Bytes", integer_text(truncated(bytes).value_or(0)));
  double unit = base;
  size_t i = 0;
  while (i + 1 < kPrefixes.size() && bytes >= unit * base) {
    unit *= base;
    ++i;
  }
  std::string prefix(kPrefixes[i]);
  if (binary) prefix = to_upper(prefix) + "i";
  return fmt::format("{:.1f} {}B", bytes / unit, prefix);
}

Value to_json_filter(NativeCall& call) {
  if (!call.bind({"ensure_ascii", "indent", "separators", "sort_keys"})) return {};
  JsonStyle style;
  style.ensure_ascii = call.flag_or(0, false);
  style.sort_keys = call.flag_or(3, false);
  if (call.get(1) && !call.get(1)->is_none()) {
    style.item_separator = ",";
    if (call.get(1)->is_string()) {
      style.indent = call.get(1)->string();
    } else {
      Int width = call.integer_or(1, 0);
      if (width > 1024) return call.meter.fail("an indent of {} is too wide", width);
      style.indent = std::string(static_cast<size_t>(std::max<Int>(width, 0)), ' ');
    }
  }
  if (call.get(2) && !call.get(2)->is_none()) {
    std::vector<Value> separators = walk(call.meter, *call.get(2));
    if (separators.size() != 2 || !separators[0].is_string() || !separators[1].is_string()) {
      return call.meter.fail("separators must be two strings");
    }
    style.item_separator = separators[0].string();
    style.key_separator = separators[1].string();
  }
  return call.meter.failed() ? Value() : Value(to_json(call.meter, call.self, style));
}

Value pretty(NativeCall& call) { return call.bind({}) ? Value(to_repr(call.meter, call.self)) : Value(); }

Value attribute(NativeCall& call) {
  if (!call.bind({"name"}, 1)) return {};
  std::string name = call.text_or(0, "");
  if (call.meter.failed()) return {};
  if (call.self.is(Kind::kDict)) return Value::undefined(fmt::format("'dict object' has no attribute '{}'", name));
  return call.interpreter.attribute(call.self, name, name);
}

constexpr auto kFilters = std::to_array<FilterEntry>({{{"abs", absolute}},
                                                      {{"attr", attribute}},
                                                      {{"d", default_value}},
                                                      {{"default", default_value}},
                                                      {{"filesizeformat", file_size}},
                                                      {{"float", to_float}},
                                                      {{"int", to_integer}},
                                                      {{"pprint", pretty}},
                                                      {{"round", round_number}},
                                                      {{"tojson", to_json_filter}}});

}  // namespace

std::span<const FilterEntry> value_filters() { return kFilters; }

}  // namespace weft::jinja
