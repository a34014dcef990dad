// What a client asks for, as a grammar.
#pragma once

#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/compile.h"
#include "grammar/ebnf_syntax.h"
#include "grammar/grammar.h"

namespace weft {

struct BuiltGrammar {
  Grammar grammar;  // its white space policy is the default; GrammarSpec's is the caller's to apply
  std::vector<UnenforcedKeyword> unenforced;
};

// `tokens` tells the ids of tokens that a grammar or structural tag names; without it such names are errors.
// kInvalidValue: malformed (says where), or nothing satisfies it; kUnsupported; kGrammarTooComplex.
Result<BuiltGrammar> build_grammar(const GrammarSpec& spec, const TokenLookup& tokens, const GrammarLimits& limits);

}  // namespace weft
