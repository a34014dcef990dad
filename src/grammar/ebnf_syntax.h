// Grammars as text: GBNF as llama.cpp has it, and the EBNF of XGrammar and vLLM.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/regex_syntax.h"

namespace weft {

// The id of the token that is spelled so ("<think>"); no value: there is none. May be empty: no token is known.
using TokenLookup = std::function<std::optional<int32_t>(std::string_view)>;

struct EbnfSyntax {
  struct Rule {
    std::string name;
    int32_t body = -1;       // node
    int32_t first_node = 0;  // the rule's nodes are [first_node, body], children before parents
    size_t offset = 0;       // of its definition
    size_t first_use = 0;    // offset
  };
  RegexSyntax nodes;  // no assertions; kRule and kToken
  std::vector<Rule> rules;
  int32_t root = 0;  // the rule of that name
};

// "line 3, column 7" of an offset.
std::string grammar_place(std::string_view text, size_t offset);

// kInvalidValue with line, column and reason; kGrammarTooComplex beyond the limits.
Result<EbnfSyntax> parse_ebnf(std::string_view text, const TokenLookup& tokens, const GrammarLimits& limits);

}  // namespace weft
