// Text marked as HTML, as Python's markupsafe has it. Prompts are not HTML, but templates do say |safe, and what they
// then join to it gets escaped: models were trained on that.
#pragma once

#include <string_view>

#include "text/jinja/native.h"

namespace weft::jinja {

std::string escape_html(std::string_view text);

// str(value), escaped unless it is marked already.
std::string escaped_text(Meter& meter, const Value& value);

// A method of marked text: its text arguments are escaped where they become part of the result, which is marked too.
Value call_on_markup(const NativeEntry& method, NativeCall& call);

}  // namespace weft::jinja
