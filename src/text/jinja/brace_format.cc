// "{}".format(values).
#include <cmath>
#include <utility>

#include "base/utf8.h"
#include "text/jinja/characters.h"
#include "text/jinja/field_format.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/markup.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_format.h"

namespace weft::jinja {
namespace {

constexpr auto kNone = std::string_view::npos;

bool one_of(char c, std::string_view choices) { return choices.find(c) != kNone; }

// Parses "[[fill]align][sign][z][#][0][width][grouping][.precision][type]".
FieldSpec parse_spec(Meter& meter, std::string_view text) {
  FieldSpec out;
  size_t pos = 0;
  auto skip = [&](char c) { return pos < text.size() && text[pos] == c && ++pos > 0; };
  size_t fill_end = 0;
  if (!text.empty()) next_character(text, fill_end);
  if (fill_end < text.size() && one_of(text[fill_end], "<>^=")) {
    out.fill = text.substr(0, fill_end);
    out.align = text[fill_end];
    pos = fill_end + 1;
  } else if (!text.empty() && one_of(text[0], "<>^=")) {
    out.align = text[pos++];
  }
  bool has_fill = pos > 1;
  if (pos < text.size() && one_of(text[pos], "+- ")) {
    out.sign = text[pos++];
    out.has_sign = true;
  }
  out.no_negative_zero = skip('z');
  out.alternate = skip('#');
  if (skip('0')) {
    if (!has_fill) out.fill = "0";
    if (out.align == '\0') out.align = 'z';  // '=' for numbers, nothing for text
  }
  out.width = read_field_number(meter, text, pos);
  if (skip(',')) out.grouping = ',';
  if (skip('_')) {
    if (out.grouping != '\0') meter.fail("Cannot specify both ',' and '_'.");
    out.grouping = '_';
  }
  size_t dot = pos;
  read_field_precision(meter, text, pos, out);
  if (pos == dot + 1) meter.fail("Format specifier missing precision");
  if (pos < text.size()) out.type = text[pos++];
  if (pos < text.size()) meter.fail("Invalid format specifier");
  return out;
}

class BraceFormatter {
 public:
  BraceFormatter(Interpreter& interpreter, const Value& format, const CallArguments& arguments)
      : interpreter_(interpreter), meter_(interpreter.meter()), markup_(format.is_markup()), arguments_(arguments) {}

  Value run(std::string_view format) {
    std::string out = expand(format, 2, markup_);
    if (meter_.failed()) return {};
    return markup_ ? Value::markup(std::move(out)) : Value(std::move(out));
  }

 private:
  void add(std::string& out, std::string_view text) {
    size_t total = out.size() + text.size();
    if (meter_.charge_text(total > meter_.limits().output_bytes ? total : text.size())) out += text;
  }

  // `levels`: specs may have fields themselves, those of these fields not.
  std::string expand(std::string_view format, int levels, bool escapes) {
    std::string out;
    if (levels == 0) {
      meter_.fail("Max string recursion exceeded");
      return out;
    }
    size_t pos = 0;
    while (pos < format.size() && meter_.charge()) {
      size_t brace = format.find_first_of("{}", pos);
      add(out, format.substr(pos, brace == kNone ? brace : brace - pos));
      if (brace == kNone) break;
      pos = brace + 1;
      if (pos < format.size() && format[pos] == format[brace]) {
        add(out, format.substr(pos++, 1));
      } else if (format[brace] == '}') {
        meter_.fail("Single '}}' encountered in format string");
      } else {
        add(out, field(format, pos, levels, escapes));
      }
    }
    return out;
  }

  // Where the field that begins at `pos` ends: at the brace that closes it.
  static size_t end_of_field(std::string_view format, size_t pos) {
    int open = 1;
    bool in_brackets = false;
    bool in_name = true;
    for (; pos < format.size(); ++pos) {
      char c = format[pos];
      if (in_name && c == '[') in_brackets = true;
      if (in_name && c == ']') in_brackets = false;
      if (in_brackets) continue;
      if (c == ':' || c == '!') in_name = false;
      if (c == '{') ++open;
      if (c == '}' && --open == 0) return pos;
    }
    return kNone;
  }

  std::string field(std::string_view format, size_t& pos, int levels, bool escapes) {
    size_t end = end_of_field(format, pos);
    if (end == kNone) {
      meter_.fail("expected '}}' before end of string");
      return {};
    }
    std::string_view inside = format.substr(pos, end - pos);
    pos = end + 1;
    size_t name_end = 0;
    for (bool in_brackets = false; name_end < inside.size(); ++name_end) {
      char c = inside[name_end];
      if (c == '[') in_brackets = true;
      if (c == ']') in_brackets = false;
      if (!in_brackets && (c == ':' || c == '!')) break;
    }
    std::string_view name = inside.substr(0, name_end);
    std::string_view rest = inside.substr(name_end);
    char conversion = '\0';
    if (rest.starts_with('!')) {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':') || !one_of(rest[1], "rsa")) {
        meter_.fail("expected ':' after conversion specifier");
        return {};
      }
      conversion = rest[1];
      rest.remove_prefix(2);
    }
    Value value = find(name);
    if (!meter_.failed()) value = converted(std::move(value), conversion);
    std::string spec = rest.empty() ? std::string() : expand(rest.substr(1), levels - 1, false);
    if (meter_.failed()) return {};
    std::string text = format_value(value, spec);
    return escapes && !value.is_markup() ? escape_html(text) : text;
  }

  Value converted(Value value, char conversion) {
    if (conversion == '\0') return value;
    if (conversion == 's') return Value::like(value, to_text(meter_, value));
    std::string repr = to_repr(meter_, value);
    return conversion == 'a' ? ascii_only(repr) : repr;
  }

  // "name", "0", "" with .attribute and [item] behind.
  Value find(std::string_view path) {
    size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = argument(path.substr(0, end), path.empty());
    for (size_t pos = end; pos < path.size() && !meter_.failed();) {
      bool is_attribute = path[pos] == '.';
      size_t stop = is_attribute ? path.find_first_of(".[", pos + 1) : path.find(']', pos);
      if (!is_attribute && stop == kNone) return meter_.fail("Missing ']' in format string");
      stop = std::min(stop, path.size());
      std::string_view key = path.substr(pos + 1, stop - pos - 1);
      if (key.empty()) return meter_.fail("Empty attribute in format string");
      value =
          is_attribute ? interpreter_.attribute(value, std::string(key), key) : interpreter_.item(value, item_key(key));
      pos = stop + (is_attribute ? 0 : 1);
      if (pos < path.size() && path[pos] != '.' && path[pos] != '[') {
        return meter_.fail("Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  Value item_key(std::string_view key) {
    size_t pos = 0;
    size_t index = key.size() < 10 ? read_field_number(meter_, key, pos) : 0;
    return pos == key.size() ? Value(index) : Value(key);
  }

  Value argument(std::string_view name, bool automatic) {
    size_t pos = 0;
    size_t index = automatic ? automatic_ : read_field_number(meter_, name, pos);
    bool numbered = automatic || (pos == name.size() && !name.empty());
    if (numbered) {
      if (automatic ? manual_ : automatic_ > 0) {
        return meter_.fail("cannot switch between automatic and manual field numbering");
      }
      automatic ? void(++automatic_) : void(manual_ = true);
      if (index < arguments_.positional.size()) return arguments_.positional[index];
      return meter_.fail("Replacement index {} out of range for positional args tuple", index);
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    return meter_.fail("'{}'", name);
  }

  std::string format_value(Value value, std::string_view spec_text) {
    if (spec_text.empty()) return to_text(meter_, value);
    if (!value.is_string() && !value.is_number()) {
      meter_.fail("unsupported format string passed to {}.__format__", type_name(value));
      return {};
    }
    if (value.is(Kind::kBool)) value = value.integer();
    FieldSpec spec = parse_spec(meter_, spec_text);
    if (spec.align == 'z') spec.align = value.is_string() ? '\0' : '=';
    if (meter_.failed()) return {};
    if (value.is_string()) return format_text(value, spec);
    return format_number(value, spec);
  }

  std::string format_text(const Value& value, const FieldSpec& spec) {
    if (spec.type != '\0' && spec.type != 's') return bad_code(value, spec.type);
    bool numeric = spec.has_sign || spec.alternate || spec.align == '=' || spec.no_negative_zero;
    if (numeric || spec.grouping != '\0') {
      meter_.fail("this format specifier is for numbers, not for a text");
      return {};
    }
    return plain_text(meter_, value.string(), spec, '<');
  }

  std::string format_number(const Value& value, const FieldSpec& spec) {
    bool real = is_real_field(spec.type) || spec.type == '%';
    bool integer = spec.type != '\0' && one_of(spec.type, "bcdoxX");
    bool is_float = value.is(Kind::kFloat);
    bool known = spec.type == '\0' || spec.type == 'n' || real || (integer && !is_float);
    if (!known) return bad_code(value, spec.type);
    bool whole = !is_float && !real;
    bool groups = spec.grouping == '\0' || spec.type == '\0' || spec.type == 'd' || real ||
                  (spec.grouping == '_' && spec.type != 'n' && spec.type != 'c');
    if (!groups || spec.precision.value_or(0) > kMaxFieldPrecision ||
        (whole && (spec.precision || spec.no_negative_zero))) {
      meter_.fail("this format specifier does not fit its type");
      return {};
    }
    return spec.type == 'c' ? character(value, spec) : number_text(meter_, value, spec);
  }

  std::string character(const Value& value, const FieldSpec& spec) {
    Int code = value.integer();
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (spec.has_sign || spec.alternate || code < 0 || code > 0x10FFFF || surrogate) {
      meter_.fail("%c arg not in range(0x110000), or with a sign");
      return {};
    }
    std::string out;
    append_utf8(out, static_cast<char32_t>(code));
    FieldSpec padding = spec;
    if (padding.align == '=') padding.align = '>';
    return plain_text(meter_, std::move(out), padding, '>');
  }

  std::string bad_code(const Value& value, char type) {
    meter_.fail("Unknown format code '{}' for object of type '{}'", type, type_name(value));
    return {};
  }

  Interpreter& interpreter_;
  Meter& meter_;
  bool markup_;
  const CallArguments& arguments_;
  size_t automatic_ = 0;
  bool manual_ = false;
};

}  // namespace

Value brace_format(Interpreter& interpreter, const Value& format, const CallArguments& arguments) {
  return BraceFormatter(interpreter, format, arguments).run(format.string());
}

}  // namespace weft::jinja
