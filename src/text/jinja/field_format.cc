#include "text/jinja/field_format.h"

#include <cmath>

#include "base/utf8.h"
#include "text/jinja/characters.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

std::string grouped(std::string_view digits, char separator, size_t size) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % size == 0) out += separator;
    out += digits[i];
  }
  return out;
}

size_t group_size(const FieldSpec& spec) { return std::string_view("bBoxX").find(spec.type) < 5 ? 4 : 3; }

// Groups the digits that `body` begins with; zeros that pad it to `width` are grouped as well.
std::string group_digits(const std::string& body, const FieldSpec& spec, size_t width) {
  size_t prefix = spec.alternate && body.size() > 2 && body[0] == '0' && body[1] > '9' ? 2 : 0;
  size_t end = prefix;
  while (end < body.size() && ((body[end] >= '0' && body[end] <= '9') || (group_size(spec) == 4 && body[end] >= 'A'))) {
    ++end;
  }
  std::string digits = body.substr(prefix, end - prefix);
  size_t rest = prefix + body.size() - end;
  bool zeros = spec.align == '=' && spec.fill == "0";
  std::string out = grouped(digits, spec.grouping, group_size(spec));
  while (zeros && out.size() + rest < width) {
    digits.insert(0, 1, '0');
    out = grouped(digits, spec.grouping, group_size(spec));
  }
  return body.substr(0, prefix) + out + body.substr(end);
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

// Without a type, as str() but with this many digits: "1e+01" where that is shorter than the digits allow.
std::string general_text(double magnitude, int digits) {
  digits = std::max(digits, 1);
  std::string out = fmt::format("{:.{}e}", magnitude, digits - 1);
  int exponent = std::atoi(out.c_str() + out.find('e') + 1);
  bool scientific = exponent < -4 || exponent >= digits - 1;
  if (!scientific) out = fmt::format("{:.{}f}", magnitude, digits - 1 - exponent);
  size_t end = std::min(out.find('e'), out.size());
  std::string mantissa = out.substr(0, end);
  if (mantissa.find('.') != std::string::npos) {
    mantissa.erase(mantissa.find_last_not_of('0') + 1);
    if (mantissa.back() == '.') mantissa.pop_back();
  }
  if (!scientific && mantissa.find('.') == std::string::npos) mantissa += ".0";
  return mantissa + out.substr(end);
}

std::string magnitude_text(double magnitude, const FieldSpec& spec) {
  char type = spec.type == 'n' ? 'g' : spec.type;
  bool upper = type == 'F' || type == 'E' || type == 'G';
  int precision = static_cast<int>(spec.precision.value_or(6));
  std::string out;
  if (std::isinf(magnitude) || std::isnan(magnitude)) {
    out = std::isnan(magnitude) ? "nan" : "inf";
    if (type == '%') out += '%';
  } else if (type == '\0') {
    out = spec.precision ? general_text(magnitude, precision) : float_text(magnitude);
  } else if (type == '%') {
    out = fmt::format("{:.{}f}%", magnitude * 100, precision);
  } else if ((type | 0x20) == 'f') {
    out = spec.alternate ? fmt::format("{:#.{}f}", magnitude, precision) : fmt::format("{:.{}f}", magnitude, precision);
  } else if ((type | 0x20) == 'e') {
    out = spec.alternate ? fmt::format("{:#.{}e}", magnitude, precision) : fmt::format("{:.{}e}", magnitude, precision);
  } else {
    out = spec.alternate ? fmt::format("{:#.{}g}", magnitude, precision) : fmt::format("{:.{}g}", magnitude, precision);
  }
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
      return fmt::format("{}", magnitude);
  }
  if (spec.precision && out.size() < *spec.precision) out.insert(0, *spec.precision - out.size(), '0');
  return spec.alternate ? std::string("0") + spec.type + out : out;
}

std::string sign_text(bool negative, const FieldSpec& spec) {
  if (negative) return "-";
  return spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
}

}  // namespace

bool is_real_field(char type) {
  return type != '\0' && std::string_view("fFeEgG").find(type) != std::string_view::npos;
}

std::string number_text(Meter& meter, const Value& value, const FieldSpec& spec) {
  bool real = value.is(Kind::kFloat) || is_real_field(spec.type) || spec.type == '%';
  std::string body;
  std::string sign;
  if (real) {
    double number = value.number();
    body = magnitude_text(std::fabs(number), spec);
    bool zero = body.find_first_of("123456789in") == std::string::npos;
    bool negative = std::signbit(number) && !std::isnan(number) && !(spec.no_negative_zero && zero);
    sign = sign_text(negative, spec);
  } else {
    body = integer_body(value.integer(), spec);
    if (spec.precision && body.size() < *spec.precision) body.insert(0, *spec.precision - body.size(), '0');
    sign = sign_text(value.integer() < 0, spec);
  }
  if (spec.grouping != '\0') {
    if (!meter.charge_text(2 * spec.width)) return {};
    body = group_digits(body, spec, spec.width - std::min(spec.width, sign.size()));
  }
  // Zeros stand between 0x and the digits.
  bool prefixed = !real && spec.alternate && body.size() > 2 && body[0] == '0' && body[1] > '9';
  if (prefixed && spec.align == '=') {
    sign += body.substr(0, 2);
    body.erase(0, 2);
  }
  return padded(meter, std::move(sign), std::move(body), spec, '>');
}

std::string plain_text(Meter& meter, std::string text, const FieldSpec& spec, char otherwise) {
  if (spec.precision) text.resize(offset_of_character(text, *spec.precision));
  return padded(meter, {}, std::move(text), spec, otherwise);
}

size_t read_field_number(Meter& meter, std::string_view text, size_t& pos) {
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

void read_field_precision(Meter& meter, std::string_view text, size_t& pos, FieldSpec& spec) {
  if (pos >= text.size() || text[pos] != '.') return;
  ++pos;
  spec.precision = read_field_number(meter, text, pos);
}

std::string ascii_only(std::string_view repr) {
  std::string out;
  for (size_t pos = 0; pos < repr.size();) {
    char32_t c = next_character(repr, pos);
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else {
      append_escape(out, c);
    }
  }
  return out;
}

}  // namespace weft::jinja
