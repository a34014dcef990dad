#include "text/jinja/predicates.h"

#include <array>

#include "text/jinja/ast.h"
#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

template <Kind kKind>
Value is_kind(NativeCall& call) {
  return call.bind({}) && call.self.is(kKind);
}

Value is_defined(NativeCall& call) { return call.bind({}) && !call.self.is_undefined(); }
Value is_number(NativeCall& call) { return call.bind({}) && call.self.is_number(); }

Value is_mapping(NativeCall& call) { return call.bind({}) && call.self.is(Kind::kDict); }

Value is_sequence(NativeCall& call) {
  if (!call.bind({})) return {};
  const Value& self = call.self;
  return self.is_undefined() || self.is_string() || self.is(Kind::kDict) ||
         (self.is_sequence() && !self.is(Kind::kDictView));
}

Value is_iterable_value(NativeCall& call) { return call.bind({}) && is_iterable(call.self); }

Value is_callable(NativeCall& call) {
  if (!call.bind({})) return {};
  return call.self.is_undefined() || (call.self.is(Kind::kObject) && call.self.object().callable());
}

Value is_true(NativeCall& call) { return call.bind({}) && call.self.is(Kind::kBool) && call.self.boolean(); }
Value is_false(NativeCall& call) { return call.bind({}) && call.self.is(Kind::kBool) && !call.self.boolean(); }

Value divisible(NativeCall& call, const Value& divisor) {
  Value rest = arithmetic(call.meter, Operator::kMod, call.self, divisor);
  return !call.meter.failed() && equals(call.meter, rest, 0);
}

Value is_divisible_by(NativeCall& call) {
  if (!call.bind({"num"}, 1)) return {};
  return divisible(call, *call.get(0));
}

Value is_even(NativeCall& call) { return call.bind({}) ? divisible(call, 2) : Value(); }

Value is_odd(NativeCall& call) {
  if (!call.bind({})) return {};
  Value rest = arithmetic(call.meter, Operator::kMod, call.self, 2);
  return !call.meter.failed() && equals(call.meter, rest, 1);
}

// Has letters, all of them in that case.
Value has_case(NativeCall& call, bool upper) {
  if (!call.bind({})) return {};
  std::string text = to_text(call.meter, call.self);
  if (!call.meter.charge_text(text.size())) return {};
  bool any = false;
  for (size_t pos = 0; pos < text.size();) {
    char32_t c = next_character(text, pos);
    if (upper ? is_lower(c) : is_upper(c)) return false;
    any = any || (upper ? is_upper(c) : is_lower(c));
  }
  return any;
}

Value is_upper_case(NativeCall& call) { return has_case(call, true); }
Value is_lower_case(NativeCall& call) { return has_case(call, false); }

template <Operator kOperator>
Value compares(NativeCall& call) {
  if (!call.bind({"other"}, 1)) return {};
  return compare(call.meter, kOperator, call.self, *call.get(0));
}

Value is_in(NativeCall& call) {
  if (!call.bind({"seq"}, 1)) return {};
  return contains(call.meter, *call.get(0), call.self);
}

Value is_same(NativeCall& call) {
  if (!call.bind({"other"}, 1)) return {};
  return call.self.same_object(*call.get(0));
}

Value is_escaped(NativeCall& call) { return call.bind({}) && call.self.is_markup(); }

// Python looks the value up in a dict.
bool binds_key(NativeCall& call) {
  if (!call.bind({})) return false;
  if (!is_hashable(call.self)) call.meter.fail("unhashable type: '{}'", type_name(call.self));
  return !call.meter.failed();
}

Value is_filter(NativeCall& call) {
  return binds_key(call) && call.self.is_string() && find_filter(call.self.string()) != nullptr;
}

Value is_test(NativeCall& call) {
  return binds_key(call) && call.self.is_string() && find_test(call.self.string()) != nullptr;
}

constexpr auto kTests = std::to_array<TestEntry>({{{"defined", is_defined}},
                                                  {{"undefined", is_kind<Kind::kUndefined>}},
                                                  {{"none", is_kind<Kind::kNone>}},
                                                  {{"boolean", is_kind<Kind::kBool>}},
                                                  {{"integer", is_kind<Kind::kInt>}},
                                                  {{"float", is_kind<Kind::kFloat>}},
                                                  {{"string", is_kind<Kind::kString>}},
                                                  {{"number", is_number}},
                                                  {{"mapping", is_mapping}},
                                                  {{"sequence", is_sequence}},
                                                  {{"iterable", is_iterable_value}},
                                                  {{"callable", is_callable}},
                                                  {{"true", is_true}},
                                                  {{"false", is_false}},
                                                  {{"divisibleby", is_divisible_by}},
                                                  {{"even", is_even}},
                                                  {{"odd", is_odd}},
                                                  {{"upper", is_upper_case}},
                                                  {{"lower", is_lower_case}},
                                                  {{"in", is_in}},
                                                  {{"sameas", is_same}},
                                                  {{"escaped", is_escaped}},
                                                  {{"filter", is_filter}},
                                                  {{"test", is_test}},
                                                  {{"eq", compares<Operator::kEq>}},
                                                  {{"equalto", compares<Operator::kEq>}},
                                                  {{"==", compares<Operator::kEq>}},
                                                  {{"ne", compares<Operator::kNe>}},
                                                  {{"!=", compares<Operator::kNe>}},
                                                  {{"lt", compares<Operator::kLt>}},
                                                  {{"lessthan", compares<Operator::kLt>}},
                                                  {{"<", compares<Operator::kLt>}},
                                                  {{"le", compares<Operator::kLe>}},
                                                  {{"<=", compares<Operator::kLe>}},
                                                  {{"gt", compares<Operator::kGt>}},
                                                  {{"greaterthan", compares<Operator::kGt>}},
                                                  {{">", compares<Operator::kGt>}},
                                                  {{"ge", compares<Operator::kGe>}},
                                                  {{">=", compares<Operator::kGe>}}});

}  // namespace

const TestEntry* find_test(std::string_view name) {
  for (const TestEntry& entry : kTests) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace weft::jinja
