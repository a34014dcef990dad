// The tables of arrays whose items have to differ.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/dfa.h"
#include "grammar/value_grammar.h"

namespace weft {

// The numbers of `number`, each in one way of writing; where it has no bounds, without exponents. So a number that was
// begun can become as many different items as it has texts (or more, where there is no end of them).
Result<Dfa> one_text_per_number(const Dfa& number, const GrammarLimits& limits);

// The keys (json_value_key.h) of a value that has few: null, booleans, and strings and numbers of short lists.
// `number`: as above, or null.
std::optional<std::vector<uint64_t>> few_values(const ValueShape& shape, const Dfa* number);

}  // namespace weft
