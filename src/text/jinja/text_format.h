// Python's two ways to fill text into text: "%s" % values and "{}".format(values).
#pragma once

#include "text/jinja/meter.h"
#include "text/jinja/object.h"

namespace weft::jinja {

// `format` is a text; one that is marked as HTML escapes what is filled in, and so is the result.
// `values`: a tuple, a dict for %(name)s, or the one value.
Value percent_format(Meter& meter, const Value& format, const Value& values);
// Fields are {}, {0}, {name} with .attribute, [item], !r, !s, !a and a format spec, which may have fields itself.
Value brace_format(Interpreter& interpreter, const Value& format, const CallArguments& arguments);

}  // namespace weft::jinja
