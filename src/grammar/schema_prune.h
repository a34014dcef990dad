// Makes a ValueGrammar keep its promise: no part without a value.
#pragma once

#include "base/status.h"
#include "grammar/schema_automata.h"
#include "grammar/value_grammar.h"

namespace weft::schema {

// Removes values, alternatives and choices that nothing satisfies, merges alternatives that differ in one place, and
// drops what is not reachable. The root is kNoValue where nothing is left.
Status prune(ValueGrammar& grammar, Budget& budget);

}  // namespace weft::schema
