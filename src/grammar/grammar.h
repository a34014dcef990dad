// A grammar as machine.h runs it: expressions over bytes, tokens and JSON values. What regular expressions, EBNF,
// structural tags, choices and JSON schemas all become.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "grammar/dfa.h"
#include "grammar/value_grammar.h"

namespace weft {

using ExpressionId = int32_t;

struct Expression {
  enum class Kind {
    kText,      // the texts of automata[index]
    kToken,     // the token `index` itself, whatever its bytes: for special tokens
    kValue,     // a JSON value of values.values[index]
    kSequence,  // the children one after the other; none: the empty text
    kChoice,    // one of the children
    kRepeat,    // children[0], min to max times
    kRule       // rules[index]; rules may be recursive, also on the left
  };
  Kind kind = Kind::kSequence;
  int32_t index = 0;
  std::vector<ExpressionId> children;
  int64_t min = 0;
  std::optional<int64_t> max;
};

// Where white space may stand between the parts of JSON values, and how much.
struct WhitespacePolicy {
  DfaPtr pattern;        // null: up to `max_bytes` of space, tab, newline and carriage return anywhere between tokens
  bool compact = false;  // none: "{\"a\":1}"
  int32_t max_bytes = 64;
};

struct Grammar {
  std::vector<DfaPtr> automata;
  std::vector<Expression> expressions;
  std::vector<ExpressionId> rules;  // the body of each rule
  ExpressionId root = 0;
  ValueGrammar values;
  WhitespacePolicy whitespace;
};

}  // namespace weft
