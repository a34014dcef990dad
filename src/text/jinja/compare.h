// Truth, equality, order, membership and iteration, as Python has them.
#pragma once

#include <vector>

#include "text/jinja/meter.h"

namespace weft::jinja {

bool truth(const Value& value);
bool equals(Meter& meter, const Value& a, const Value& b);
// a < b; fails for values without an order.
bool less(Meter& meter, const Value& a, const Value& b, std::string_view operator_text = "<");
// needle in haystack
bool contains(Meter& meter, const Value& haystack, const Value& needle);

// What a loop over `value` sees: items, characters, keys. An iterator is used up. Fails for what can't be walked.
std::vector<Value> walk(Meter& meter, const Value& value);
bool is_iterable(const Value& value);
// len(); fails for what has none.
size_t length(Meter& meter, const Value& value);

}  // namespace weft::jinja
