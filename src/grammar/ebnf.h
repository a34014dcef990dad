// Grammars as text to expressions. What is regular in them becomes automata; only recursion remains rules.
#pragma once

#include <string_view>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/ebnf_syntax.h"
#include "grammar/grammar_assembly.h"

namespace weft {

// The expression of the grammar's root, added to `out` with everything it needs. kInvalidValue with line, column and
// reason: malformed, a rule that is not defined or that no text satisfies; kGrammarTooComplex beyond the limits.
Result<ExpressionId> add_ebnf(std::string_view text, const TokenLookup& tokens, const GrammarLimits& limits,
                              GrammarAssembly& out);

}  // namespace weft
