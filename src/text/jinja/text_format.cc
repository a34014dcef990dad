#include "text/jinja/text_format.h"

#include <cmath>

#include "base/utf8.h"
#include "text/jinja/characters.h"
#include "text/jinja/field_format.h"
#include "text/jinja/markup.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

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
    read_width(pos, spec);
    if (pos + 1 < format_.size() && format_.substr(pos, 2) == ".*") {
      pos += 2;
      spec.precision = static_cast<size_t>(std::max<Int>(star(), 0));
    } else {
      read_field_precision(meter_, format_, pos, spec);
    }
    if (pos < format_.size() && std::string_view("hlL").find(format_[pos]) != std::string_view::npos) ++pos;
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

  // The number that a '*' stands for.
  Int star() {
    Value value = next();
    if (meter_.failed()) return 0;
    if (!value.is_integer() || value.integer() > Int{meter_.limits().output_bytes}) {
      meter_.fail("* wants int");
      return 0;
    }
    return value.integer();
  }

  void read_width(size_t& pos, FieldSpec& spec) {
    if (pos >= format_.size() || format_[pos] != '*') {
      spec.width = read_field_number(meter_, format_, pos);
      return;
    }
    ++pos;
    Int width = star();
    if (width < 0) spec.align = '<';
    spec.width = static_cast<size_t>(width < 0 ? -width : width);
  }

  std::string as_text(const Value& value, char type) {
    if (type == 's') return to_text(meter_, value);
    std::string repr = to_repr(meter_, value);
    return type == 'a' ? ascii_only(repr) : repr;
  }

  std::string convert(const Value& value, FieldSpec spec) {
    if (spec.type == 's' || spec.type == 'r' || spec.type == 'a') {
      if (spec.align == '=') spec.align = '>';
      return plain_text(meter_, as_text(value, spec.type), spec, '>');
    }
    if (spec.type == 'c') return character(value, spec);
    if (!is_real_field(spec.type) && !is_integer_type(spec.type)) {
      meter_.fail("unsupported format character '{}'", spec.type);
      return {};
    }
    if (!value.is_number()) {
      meter_.fail("%{} format: a real number is required, not {}", spec.type, type_name(value));
      return {};
    }
    if (spec.precision.value_or(0) > kMaxFieldPrecision) {
      meter_.fail("the precision in this format is too large");
      return {};
    }
    if (spec.align == '=') spec.fill = "0";
    if (is_integer_type(spec.type) && value.is(Kind::kFloat)) {
      if (std::string_view("xXo").find(spec.type) != std::string_view::npos) {
        meter_.fail("%{} format: an integer is required, not float", spec.type);
        return {};
      }
      if (!(std::fabs(value.number()) < 1e38)) {
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

}  // namespace

Value percent_format(Meter& meter, const Value& format, const Value& values) {
  return PercentFormatter(meter, format, values).run();
}

}  // namespace weft::jinja
