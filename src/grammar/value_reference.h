// Whether a ValueGrammar accepts a JSON value, told from the value itself and not byte by byte: what the machine
// (machine.h) is tested against.
#pragma once

#include <string_view>

#include "base/status.h"
#include "grammar/value_grammar.h"

namespace weft {

// kInvalidJson: `json` is not JSON. kResourceExhausted: deciding it takes too long.
Result<bool> reference_accepts(const ValueGrammar& grammar, std::string_view json);

}  // namespace weft
