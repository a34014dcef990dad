#include "text/jinja/operators.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/markup.h"
#include "text/jinja/text_format.h"

namespace weft::jinja {
namespace {

std::string_view symbol(Operator op) {
  switch (op) {
    case Operator::kAdd:
      return "+";
    case Operator::kSub:
      return "-";
    case Operator::kMul:
      return "*";
    case Operator::kDiv:
      return "/";
    case Operator::kFloorDiv:
      return "//";
    case Operator::kMod:
      return "%";
    case Operator::kPow:
      return "** or pow()";
    case Operator::kLt:
      return "<";
    case Operator::kLe:
      return "<=";
    case Operator::kGt:
      return ">";
    case Operator::kGe:
      return ">=";
    default:
      return "?";
  }
}

Value unsupported(Meter& meter, Operator op, const Value& a, const Value& b) {
  if (op == Operator::kAdd && a.is_string()) {
    return meter.fail("can only concatenate str (not \"{}\") to str", type_name(b));
  }
  return meter.fail("unsupported operand type(s) for {}: '{}' and '{}'", symbol(op), type_name(a), type_name(b));
}

Int floor_div(Int a, Int b) {
  Int quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Value integer_power(Meter& meter, Int base, Int exponent) {
  if (exponent < 0) {
    if (base == 0) return meter.fail("0.0 cannot be raised to a negative power");
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  Int out = 1;
  bool overflow = false;
  while (exponent > 0) {
    if (exponent & 1) overflow |= __builtin_mul_overflow(out, base, &out);
    exponent >>= 1;
    if (exponent > 0) overflow |= __builtin_mul_overflow(base, base, &base);
    if (overflow) return meter.fail("the result is too large for an integer");
  }
  return out;
}

Value on_integers(Meter& meter, Operator op, Int a, Int b) {
  Int out = 0;
  bool overflow = false;
  switch (op) {
    case Operator::kAdd:
      overflow = __builtin_add_overflow(a, b, &out);
      break;
    case Operator::kSub:
      overflow = __builtin_sub_overflow(a, b, &out);
      break;
    case Operator::kMul:
      overflow = __builtin_mul_overflow(a, b, &out);
      break;
    case Operator::kPow:
      return integer_power(meter, a, b);
    default:
      if (b == 0)
        return meter.fail_with(op == Operator::kDiv ? "division by zero" : "integer division or modulo by zero");
      if (op == Operator::kDiv) return static_cast<double>(a) / static_cast<double>(b);
      if (b == -1) return on_integers(meter, op == Operator::kMod ? Operator::kMul : Operator::kSub, 0, a);
      out = op == Operator::kMod ? a - floor_div(a, b) * b : floor_div(a, b);
  }
  return overflow ? meter.fail("the result is too large for an integer") : Value(out);
}

Value on_floats(Meter& meter, Operator op, double a, double b) {
  switch (op) {
    case Operator::kAdd:
      return a + b;
    case Operator::kSub:
      return a - b;
    case Operator::kMul:
      return a * b;
    case Operator::kPow:
      if (a < 0 && std::isfinite(b) && b != std::floor(b)) return meter.fail("complex numbers are not supported");
      if (a == 0 && b < 0) return meter.fail("0.0 cannot be raised to a negative power");
      return std::pow(a, b);
    default:
      break;
  }
  if (b == 0) return meter.fail("float division by zero");
  if (op == Operator::kDiv) return a / b;
  double modulo = std::fmod(a, b);
  if (modulo != 0 && (modulo < 0) != (b < 0)) modulo += b;
  return op == Operator::kMod ? modulo : std::floor((a - modulo) / b + 0.5);
}

Value repeat(Meter& meter, const Value& value, Int count) {
  if (count < 0) count = 0;
  if (value.is_string()) {
    const std::string& text = value.string();
    Int bytes = 0;
    if (__builtin_mul_overflow(Int{text.size()}, count, &bytes) || bytes > Int{meter.limits().output_bytes}) {
      return meter.fail("the template makes a text of more than {} bytes", meter.limits().output_bytes);
    }
    if (!meter.charge_text(static_cast<size_t>(bytes))) return {};
    std::string out;
    out.reserve(static_cast<size_t>(bytes));
    for (Int i = 0; i < count && !text.empty(); ++i) out += text;
    return Value::like(value, std::move(out));
  }
  Int size = 0;
  if (__builtin_mul_overflow(Int{value.items().size()}, count, &size) || size > Int{meter.limits().steps}) {
    return meter.fail("the template makes a list that is too long");
  }
  std::vector<Value> out;
  if (!meter.charge(static_cast<uint64_t>(size))) return {};
  for (Int i = 0; i < count && size > 0; ++i) out.insert(out.end(), value.items().begin(), value.items().end());
  return Value::sequence(value.kind(), std::move(out));
}

bool is_list_or_tuple(const Value& value) { return value.is(Kind::kList) || value.is(Kind::kTuple); }

}  // namespace

Value checked(Meter& meter, Value container) {
  if (container.depth() > kMaxValueDepth) return meter.fail("the template nests lists deeper than {}", kMaxValueDepth);
  return container;
}

Value arithmetic(Meter& meter, Operator op, const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return on_integers(meter, op, a.integer(), b.integer());
  if (a.is_number() && b.is_number()) return on_floats(meter, op, a.number(), b.number());
  if (op == Operator::kMod && a.is_string()) return percent_format(meter, a, b);
  if (a.is_undefined() || b.is_undefined()) return meter.fail_undefined(a.is_undefined() ? a : b);
  if (op == Operator::kAdd && a.is_string() && b.is_string()) {
    if (a.is_markup() || b.is_markup()) {
      std::string left = escaped_text(meter, a);
      std::string right = escaped_text(meter, b);
      return meter.charge_text(left.size() + right.size()) ? Value::markup(left + right) : Value();
    }
    if (!meter.charge_text(a.string().size() + b.string().size())) return {};
    return a.string() + b.string();
  }
  if (op == Operator::kAdd && is_list_or_tuple(a) && a.kind() == b.kind()) {
    if (!meter.charge(a.items().size() + b.items().size())) return {};
    std::vector<Value> out = a.items();
    out.insert(out.end(), b.items().begin(), b.items().end());
    return Value::sequence(a.kind(), std::move(out));
  }
  if (op == Operator::kMul && b.is_integer() && (a.is_string() || is_list_or_tuple(a))) {
    return repeat(meter, a, b.integer());
  }
  if (op == Operator::kMul && a.is_integer() && (b.is_string() || is_list_or_tuple(b))) {
    return repeat(meter, b, a.integer());
  }
  return unsupported(meter, op, a, b);
}

bool compare(Meter& meter, Operator op, const Value& a, const Value& b) {
  switch (op) {
    case Operator::kEq:
      return equals(meter, a, b);
    case Operator::kNe:
      return !equals(meter, a, b);
    case Operator::kLt:
      return less(meter, a, b, symbol(op));
    case Operator::kGt:
      return less(meter, b, a, symbol(op));
    case Operator::kLe:
    case Operator::kGe: {
      const Value& low = op == Operator::kLe ? a : b;
      const Value& high = op == Operator::kLe ? b : a;
      if (low.is_number() && high.is_number() && std::isnan(low.number() + high.number())) return false;
      return !less(meter, high, low, symbol(op)) && !meter.failed();
    }
    case Operator::kIn:
      return contains(meter, b, a);
    default:
      return !contains(meter, b, a);
  }
}

Value negate(Meter& meter, const Value& value) {
  if (value.is_integer()) return on_integers(meter, Operator::kSub, 0, value.integer());
  if (value.is_number()) return -value.number();
  if (value.is_undefined()) return meter.fail_undefined(value);
  return meter.fail("bad operand type for unary -: '{}'", type_name(value));
}

std::optional<Value> element(Meter& meter, const Value& value, Int index) {
  if (value.is_string()) {
    const std::string& text = value.string();
    if (!meter.charge_text(text.size())) return std::nullopt;
    size_t size = count_characters(text);
    if (index < 0) index += size;
    if (index < 0 || index >= Int{size}) return std::nullopt;
    size_t start = offset_of_character(text, static_cast<size_t>(index));
    size_t end = start;
    next_character(text, end);
    return Value::like(value, text.substr(start, end - start));
  }
  Int size = static_cast<Int>(value.items().size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  return value.items()[static_cast<size_t>(index)];
}

namespace {

constexpr Int kMaxRangeStep = Int{1} << 60;

// range(start, stop, step)[first:last:by] is a range again. The label has the first three.
std::string sliced_range_label(const std::string& label, Int first, Int last, Int by) {
  std::array<Int, 3> numbers = {0, 0, 1};
  size_t at = 0;
  bool negative = false;
  for (char c : std::string_view(label).substr(6)) {
    if (c == ',') {
      if (negative) numbers[at] = -numbers[at];
      negative = false;
      ++at;
      if (at == 2) numbers[2] = 0;
    } else if (c == '-') {
      negative = true;
    } else if (c >= '0' && c <= '9') {
      numbers[at] = numbers[at] * 10 + (c - '0');
    }
  }
  if (negative) numbers[at] = -numbers[at];
  return range_label(numbers[0] + first * numbers[2], numbers[0] + last * numbers[2], numbers[2] * by);
}

}  // namespace

bool is_sliceable(const Value& value) {
  return value.is_string() || (value.is_sequence() && !value.is(Kind::kDictView));
}

std::string range_label(Int start, Int stop, Int step) {
  return step == 1 ? fmt::format("range({}, {})", start, stop) : fmt::format("range({}, {}, {})", start, stop, step);
}

Value slice(Meter& meter, const Value& value, const Value& start, const Value& stop, const Value& step) {
  if (!is_sliceable(value)) {
    if (value.is_undefined()) return meter.fail_undefined(value);
    return meter.fail("'{}' object is not subscriptable", type_name(value));
  }
  for (const Value* bound : {&start, &stop, &step}) {
    if (!bound->is_none() && !bound->is_integer()) {
      return meter.fail("slice indices must be integers or None or have an __index__ method");
    }
  }
  Int by = step.is_none() ? 1 : step.integer();
  if (by == 0) return meter.fail("slice step cannot be zero");
  Int size = static_cast<Int>(length(meter, value));
  Int low = by > 0 ? 0 : -1;
  Int high = by > 0 ? size : size - 1;
  auto bound = [&](const Value& given, Int otherwise) {
    if (given.is_none()) return otherwise;
    Int at = given.integer();
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  Int first = bound(start, by > 0 ? low : high);
  Int last = bound(stop, by > 0 ? high : low);
  Int step_of_range = std::clamp<Int>(by, -kMaxRangeStep, kMaxRangeStep);
  by = std::clamp<Int>(by, -size - 1, size + 1);
  if (value.is_string() && by == 1) {
    const std::string& text = value.string();
    if (first >= last || !meter.charge_text(text.size())) return "";
    size_t begin = offset_of_character(text, static_cast<size_t>(first));
    size_t count = offset_of_character(std::string_view(text).substr(begin), static_cast<size_t>(last - first));
    return Value::like(value, text.substr(begin, count));
  }
  std::vector<Value> all = walk(meter, value);
  std::vector<Value> out;
  for (Int i = first; (by > 0 ? i < last : i > last) && meter.charge(); i += by) {
    out.push_back(all[static_cast<size_t>(i)]);
  }
  if (value.is(Kind::kRange)) {
    return Value::sequence(Kind::kRange, std::move(out), sliced_range_label(value.label(), first, last, step_of_range));
  }
  if (!value.is_string()) return Value::sequence(value.is(Kind::kTuple) ? Kind::kTuple : Kind::kList, std::move(out));
  std::string text;
  for (const Value& character : out) text += character.string();
  return Value::like(value, std::move(text));
}

}  // namespace weft::jinja
