// A regular expression's text as a tree; also what one rule of a grammar is (ebnf_syntax.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/code_point_set.h"

namespace weft {

struct RegexNode {
  enum class Kind : uint8_t {
    kEmpty,
    kChar,      // code point `index`
    kSet,       // sets[index]
    kSequence,  // children
    kChoice,    // one of the children
    kRepeat,    // children[0], min to max times
    kStart,
    kEnd,
    kWordBoundary,
    kNotWordBoundary,
    kLook,       // looks[index]
    kAutomaton,  // automata[index]; of grammars only, as what follows
    kRule,       // rule `index`
    kToken       // the token `index`
  };
  static constexpr int64_t kUnbounded = -1;
  Kind kind = Kind::kEmpty;
  int32_t index = 0;
  int64_t min = 0, max = 0;
  std::vector<int32_t> children;
};

// (?=..) (?!..) (?<=..) (?<!..). Those inside others come before them.
struct RegexLook {
  bool ahead = true, negative = false;
  int32_t body = 0;
  size_t offset = 0;  // of its parenthesis
};

struct RegexSyntax {
  std::vector<RegexNode> nodes;  // children before parents
  std::vector<CodePointSet> sets;
  std::vector<RegexLook> looks;
  std::vector<DfaPtr> automata;
  int32_t root = 0;
};

// kInvalidValue with the offset (in bytes) and the reason; kGrammarTooComplex beyond the limits.
Result<RegexSyntax> parse_regex(std::string_view pattern, const GrammarLimits& limits);

}  // namespace weft
