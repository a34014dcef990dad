#include "text/jinja/text_format.h"

#include <cmath>

#include "base/utf8.h"
#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/markup.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

// What both notations can say about a field.
struct FieldSpec {
  std::string fill = " ";
  char align = '\0';  // < > ^ = or none
  char sign = '-';
  bool alternate = false;
  bool thousands = false;
  size_t width = 0;
  std::optional<size_t> precision;
  char type = '\0';
};

constexpr size_t kMaxPrecision = 1000;

std::string group_thousands(std::string digits) {
  size_t end = digits.find_first_not_of("0123456789");
  if (end == std::string::npos) end = digits.size();
  for (size_t at = end; at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string padded(Meter& meter, std::string sign, std::string body, const FieldSpec& spec, char otherwise) {
  size_t size = sign.size() + count_characters(body);
  if (size >= spec.width) return sign + body;
  if (!meter.charge_text(spec.width * spec.fill.size() + body.size())) return {};
  size_t missing = spec.width - size;
  char align = spec.align == '\0' ? otherwise : spec.align;
  size_t left = align == '<' || align == '=' ? 0 : align == '^' ? missing / 2 : missing;
  std::string before;
  std::string after;
  for (size_t i = 0; i < missing; ++i) {
    if (align == '=') {
      sign += spec.fill;
    } else {
      (i < left ? before : after) += spec.fill;
    }
  }
  return before + sign + body + after;
}

std::string magnitude_text(double magnitude, char type, const FieldSpec& spec) {
  bool upper = type == 'F' || type == 'E' || type == 'G';
  std::string out;
  if (std::isinf(magnitude) || std::isnan(magnitude)) {
    out = std::isnan(magnitude) ? "nan" : "inf";
  } else if (type == '\0' && !spec.precision) {
    out = float_text(magnitude);
  } else {
    int precision = static_cast<int>(spec.precision.value_or(6));
    char kind = type == '\0' ? 'g' : type;
    switch (kind | 0x20) {
      case 'f':
        out = fmt::format("{:.{}f}", magnitude, precision);
        break;
      case 'e':
        out = fmt::format("{:.{}e}", magnitude, precision);
        break;
      case '%' | 0x20:
        out = fmt::format("{:.{}f}%", magnitude * 100, precision);
        break;
      default:
        out = spec.alternate ? fmt::format("{:#.{}g}", magnitude, precision)
                             : fmt::format("{:.{}g}", magnitude, precision);
    }
    if (type == '\0' && out.find_first_of(".e") == std::string::npos) out += ".0";
  }
  if (spec.thousands) out = group_thousands(std::move(out));
  return upper ? to_upper(out) : out;
}

std::string integer_body(Int value, const FieldSpec& spec) {
  Int magnitude = value < 0 ? -value : value;
  std::string out;
  switch (spec.type) {
    case 'x':
      out = fmt::format("{:x}", magnitude);
      break;
    case 'X':
      out = fmt::format("{:X}", magnitude);
      break;
    case 'o':
      out = fmt::format("{:o}", magnitude);
      break;
    case 'b':
      out = fmt::format("{:b}", magnitude);
      break;
    default:
      out = fmt::format("{}", magnitude);
  }
  bool decimal = spec.type == '\0' || spec.type == 'd' || spec.type == 'i' || spec.type == 'u' || spec.type == 'n';
  if (spec.thousands && decimal) out = group_thousands(std::move(out));
  if (spec.alternate && !decimal) out = std::string("0") + spec.type + out;
  return out;
}

std::string sign_text(bool negative, const FieldSpec& spec) {
  if (negative) return "-";
  return spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
}

std::string number_text(Meter& meter, const Value& value, const FieldSpec& spec) {
  bool real = value.is(Kind::kFloat) || std::string_view("fFeEgG%").find(spec.type) != std::string_view::npos;
  if (spec.type == '\0') real = value.is(Kind::kFloat);
  if (!real) {
    Int integer = value.integer();
    std::string body = integer_body(integer, spec);
    if (spec.precision && body.size() < *spec.precision) body.insert(0, *spec.precision - body.size(), '0');
    return padded(meter, sign_text(integer < 0, spec), std::move(body), spec, '>');
  }
  double number = value.number();
  bool negative = std::signbit(number) && !std::isnan(number);
  return padded(meter, sign_text(negative, spec), magnitude_text(std::fabs(number), spec.type, spec), spec, '>');
}

std::string plain_text(Meter& meter, std::string text, const FieldSpec& spec, char otherwise) {
  if (spec.precision) text.resize(offset_of_character(text, *spec.precision));
  return padded(meter, {}, std::move(text), spec, otherwise);
}

// Reads digits at `pos`; fails beyond what a text may have.
size_t read_number(Meter& meter, std::string_view text, size_t& pos) {
  size_t out = 0;
  while (pos < text.size() && text[pos] >= '0' && text[pos] <= '9') {
    out = out * 10 + static_cast<size_t>(text[pos++] - '0');
    if (out > meter.limits().output_bytes) {
      meter.fail("the width in this format is too large");
      return 0;
    }
  }
  return out;
}

void read_precision(Meter& meter, std::string_view text, size_t& pos, FieldSpec& spec) {
  if (pos >= text.size() || text[pos] != '.') return;
  ++pos;
  spec.precision = read_number(meter, text, pos);
}

bool is_real_type(char type) { return std::string_view("fFeEgG").find(type) != std::string_view::npos; }
bool is_integer_type(char type) { return std::string_view("diuxXo").find(type) != std::string_view::npos; }

class PercentFormatter {
 public:
  PercentFormatter(Meter& meter, const Value& format, const Value& values)
      : meter_(meter), format_(format.string()), markup_(format.is_markup()), values_(values) {}

  Value run() {
    bool named = false;
    size_t pos = 0;
    while (pos < format_.size() && meter_.charge()) {
      size_t percent = format_.find('%', pos);
      add(format_.substr(pos, percent == std::string_view::npos ? percent : percent - pos));
      if (percent == std::string_view::npos) break;
      pos = percent + 1;
      named |= pos < format_.size() && format_[pos] == '(';
      field(pos);
    }
    size_t given = values_.is(Kind::kTuple) ? values_.items().size() : 1;
    // What can be subscripted may be a mapping, which need not be used up.
    bool mapping = values_.is(Kind::kDict) || values_.is(Kind::kList) || values_.is_undefined();
    bool spare = !named && used_ < given && !mapping;
    if (spare) meter_.fail("not all arguments converted during string formatting");
    if (meter_.failed()) return {};
    return markup_ ? Value::markup(std::move(out_)) : Value(std::move(out_));
  }

 private:
  void add(std::string_view text) {
    size_t total = out_.size() + text.size();
    if (meter_.charge_text(total > meter_.limits().output_bytes ? total : text.size())) out_ += text;
  }

  Value next() {
    if (!values_.is(Kind::kTuple)) {
      if (used_++ == 0) return values_;
    } else if (used_ < values_.items().size()) {
      return values_.items()[used_++];
    }
    return meter_.fail("not enough arguments for format string");
  }

  Value by_name(size_t& pos) {
    size_t end = format_.find(')', pos);
    if (end == std::string_view::npos) return meter_.fail("incomplete format key");
    std::string_view key = format_.substr(pos + 1, end - pos - 1);
    pos = end + 1;
    if (!values_.is(Kind::kDict)) return meter_.fail("format requires a mapping");
    const Value* found = values_.dict().find(key);
    return found ? *found : meter_.fail("'{}'", key);
  }

  void field(size_t& pos) {
    FieldSpec spec;
    std::optional<Value> value;
    if (pos < format_.size() && format_[pos] == '(') value = by_name(pos);
    for (; pos < format_.size() && std::string_view("-+ #0").find(format_[pos]) != std::string_view::npos; ++pos) {
      char flag = format_[pos];
      if (flag == '-') spec.align = '<';
      if (flag == '+' || (flag == ' ' && spec.sign != '+')) spec.sign = flag;
      if (flag == '#') spec.alternate = true;
      if (flag == '0' && spec.align == '\0') spec.align = '=';
    }
    spec.width = read_number(meter_, format_, pos);
    read_precision(meter_, format_, pos, spec);
    if (pos >= format_.size()) {
      meter_.fail("incomplete format");
      return;
    }
    spec.type = format_[pos++];
    if (spec.type == '%') return add("%");
    if (!value) value = next();
    if (meter_.failed()) return;
    std::string text = convert(*value, spec);
    add(markup_ && !value->is_markup() ? escape_html(text) : text);
  }

  std::string convert(const Value& value, FieldSpec spec) {
    if (spec.type == 's' || spec.type == 'r' || spec.type == 'a') {
      if (spec.align == '=') spec.align = '>';
      return plain_text(meter_, spec.type == 's' ? to_text(meter_, value) : to_repr(meter_, value), spec, '>');
    }
    if (spec.type == 'c') return character(value, spec);
    if (!is_real_type(spec.type) && !is_integer_type(spec.type)) {
      meter_.fail("unsupported format character '{}'", spec.type);
      return {};
    }
    if (!value.is_number()) {
      meter_.fail("%{} format: a real number is required, not {}", spec.type, type_name(value));
      return {};
    }
    if (spec.precision.value_or(0) > kMaxPrecision) {
      meter_.fail("the precision in this format is too large");
      return {};
    }
    if (spec.align == '=') spec.fill = "0";
    if (is_integer_type(spec.type) && value.is(Kind::kFloat)) {
      if (std::string_view("xXo").find(spec.type) != std::string_view::npos) {
        meter_.fail("%{} format: an integer is required, not float", spec.type);
        return {};
      }
      if (!(std::fabs(value.number()) < 1e18)) {
        meter_.fail("cannot convert this float to an integer");
        return {};
      }
      return number_text(meter_, static_cast<Int>(value.number()), spec);
    }
    return number_text(meter_, value, spec);
  }

  std::string character(const Value& value, FieldSpec spec) {
    if (spec.align == '=') spec.align = '>';
    if (value.is_string() && count_characters(value.string()) == 1)
      return plain_text(meter_, value.string(), spec, '>');
    bool code = value.is_integer() && value.integer() >= 0 && value.integer() <= 0x10FFFF;
    if (!code || (value.integer() >= 0xD800 && value.integer() <= 0xDFFF)) {
      meter_.fail("%c requires int or char");
      return {};
    }
    std::string out;
    append_utf8(out, static_cast<char32_t>(value.integer()));
    return plain_text(meter_, std::move(out), spec, '>');
  }

  Meter& meter_;
  std::string_view format_;
  bool markup_;
  const Value& values_;
  std::string out_;
  size_t used_ = 0;
};

class BraceFormatter {
 public:
  BraceFormatter(Meter& meter, const Value& format, const CallArguments& arguments)
      : meter_(meter), format_(format.string()), markup_(format.is_markup()), arguments_(arguments) {}

  Value run() {
    size_t pos = 0;
    while (pos < format_.size() && meter_.charge()) {
      size_t brace = format_.find_first_of("{}", pos);
      add(format_.substr(pos, brace == std::string_view::npos ? brace : brace - pos));
      if (brace == std::string_view::npos) break;
      pos = brace + 1;
      if (pos < format_.size() && format_[pos] == format_[brace]) {
        add(format_.substr(pos++, 1));
      } else if (format_[brace] == '}') {
        meter_.fail("Single '}}' encountered in format string");
      } else {
        field(pos);
      }
    }
    if (meter_.failed()) return {};
    return markup_ ? Value::markup(std::move(out_)) : Value(std::move(out_));
  }

 private:
  void add(std::string_view text) {
    size_t total = out_.size() + text.size();
    if (meter_.charge_text(total > meter_.limits().output_bytes ? total : text.size())) out_ += text;
  }

  void field(size_t& pos) {
    size_t end = format_.find('}', pos);
    if (end == std::string_view::npos) {
      meter_.fail("expected '}}' before end of string");
      return;
    }
    std::string_view inside = format_.substr(pos, end - pos);
    pos = end + 1;
    size_t colon = inside.find(':');
    std::string_view name = inside.substr(0, colon);
    std::string_view rest = colon == std::string_view::npos ? "" : inside.substr(colon + 1);
    char conversion = '\0';
    if (name.size() >= 2 && name[name.size() - 2] == '!') {
      conversion = name.back();
      name.remove_suffix(2);
    }
    Value value = find(name);
    if (meter_.failed()) return;
    if (conversion == 'r') value = to_repr(meter_, value);
    if (conversion == 's') value = to_text(meter_, value);
    bool marked = value.is_markup();
    if (!rest.empty() && !value.is_string() && !value.is_number()) {
      meter_.fail("unsupported format string passed to {}.__format__", type_name(value));
      return;
    }
    if (!rest.empty() && value.is(Kind::kBool)) value = value.integer();
    std::string text = convert(value, spec(rest));
    add(markup_ && !marked ? escape_html(text) : text);
  }

  Value find(std::string_view name) {
    if (name.find_first_of(".[{") != std::string_view::npos) {
      return meter_.fail("a format string can't look inside of its values");
    }
    size_t pos = 0;
    size_t index = name.empty() ? automatic_++ : read_number(meter_, name, pos);
    if (pos == name.size()) {
      if (index < arguments_.positional.size()) return arguments_.positional[index];
      return meter_.fail("Replacement index {} out of range for positional args tuple", index);
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    return meter_.fail("'{}'", name);
  }

  FieldSpec spec(std::string_view text) {
    FieldSpec out;
    size_t pos = 0;
    constexpr std::string_view kAligns = "<>^=";
    size_t fill_end = 0;
    if (!text.empty()) next_character(text, fill_end);
    if (fill_end < text.size() && kAligns.find(text[fill_end]) != std::string_view::npos) {
      out.fill = text.substr(0, fill_end);
      out.align = text[fill_end];
      pos = fill_end + 1;
    } else if (!text.empty() && kAligns.find(text[0]) != std::string_view::npos) {
      out.align = text[pos++];
    }
    if (pos < text.size() && std::string_view("+- ").find(text[pos]) != std::string_view::npos) out.sign = text[pos++];
    if (pos < text.size() && text[pos] == '#') out.alternate = ++pos > 0;
    if (pos < text.size() && text[pos] == '0') {
      if (out.align == '\0') {
        out.align = '=';
        out.fill = "0";
      }
      ++pos;
    }
    out.width = read_number(meter_, text, pos);
    if (pos < text.size() && text[pos] == ',') out.thousands = ++pos > 0;
    read_precision(meter_, text, pos, out);
    if (pos < text.size()) out.type = text[pos++];
    if (pos < text.size()) meter_.fail("Invalid format specifier");
    return out;
  }

  std::string convert(const Value& value, FieldSpec spec) {
    if (meter_.failed()) return {};
    bool as_text = spec.type == 's' || (spec.type == '\0' && (!value.is_number() || value.is(Kind::kBool)));
    if (as_text) {
      if (spec.type == 's' && !value.is_string()) return bad_code(value, spec.type);
      if (spec.sign != '-') {
        meter_.fail("Sign not allowed in string format specifier");
        return {};
      }
      if (spec.align == '=') spec.align = '<';
      return plain_text(meter_, to_text(meter_, value), spec, '<');
    }
    bool integer_code = std::string_view("dxXobn").find(spec.type) != std::string_view::npos;
    bool known = spec.type == '\0' || integer_code || is_real_type(spec.type) || spec.type == '%';
    if (!known || !value.is_number() || (integer_code && spec.type != '\0' && value.is(Kind::kFloat))) {
      return bad_code(value, spec.type);
    }
    if (spec.precision.value_or(0) > kMaxPrecision || (spec.precision && value.is_integer() && integer_code)) {
      meter_.fail("Precision not allowed in integer format specifier");
      return {};
    }
    return number_text(meter_, value, spec);
  }

  std::string bad_code(const Value& value, char type) {
    meter_.fail("Unknown format code '{}' for object of type '{}'", type, type_name(value));
    return {};
  }

  Meter& meter_;
  std::string_view format_;
  bool markup_;
  const CallArguments& arguments_;
  std::string out_;
  size_t automatic_ = 0;
};

}  // namespace

Value percent_format(Meter& meter, const Value& format, const Value& values) {
  return PercentFormatter(meter, format, values).run();
}

Value brace_format(Meter& meter, const Value& format, const CallArguments& arguments) {
  return BraceFormatter(meter, format, arguments).run();
}

}  // namespace weft::jinja
