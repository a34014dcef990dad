// The tests of the language: value is name(arguments).
#pragma once

#include <string_view>

#include "text/jinja/native.h"

namespace weft::jinja {

// Null where there is none of that name.
const TestEntry* find_test(std::string_view name);

}  // namespace weft::jinja
