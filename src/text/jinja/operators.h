// Arithmetic and subscripts. Failures go to the meter.
#pragma once

#include "text/jinja/ast.h"
#include "text/jinja/meter.h"

namespace weft::jinja {

Value arithmetic(Meter& meter, Operator op, const Value& a, const Value& b);
bool compare(Meter& meter, Operator op, const Value& a, const Value& b);
Value negate(Meter& meter, const Value& value);

// value[start:stop:step]; a bound that is none is absent.
bool is_sliceable(const Value& value);
// How a range prints.
std::string range_label(Int start, Int stop, Int step);
Value slice(Meter& meter, const Value& value, const Value& start, const Value& stop, const Value& step);
// value[index] for a sequence or string; nothing when it is outside.
std::optional<Value> element(Meter& meter, const Value& value, Int index);

// A new container, checked for depth.
Value checked(Meter& meter, Value container);

}  // namespace weft::jinja
