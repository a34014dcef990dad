// A regular expression's tree as an automaton in which assertions about the text around are edges, and the removal of
// those edges.
#pragma once

#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/dfa.h"
#include "grammar/nfa.h"
#include "grammar/regex_syntax.h"

namespace weft {

// An empty step that may be taken where an assertion holds.
struct LookEdge {
  static constexpr int32_t kWordBoundary = -1, kNotWordBoundary = -2;
  int32_t from, to;
  int32_t look;  // of RegexSyntax::looks, or one of the above
};

struct RegexNfa {
  Nfa nfa;
  std::vector<LookEdge> look_edges;
};

// The texts of one node between the states `from` and `to` of `out`.
Status add_regex_node(const RegexSyntax& syntax, int32_t node, int32_t from, int32_t to, const GrammarLimits& limits,
                      RegexNfa& out);
// A loop over every character.
void add_any_characters(Nfa& nfa, int32_t state);

// What stood before a place, as far as word boundaries and `^` tell it apart.
enum class Before : uint8_t { kStart, kWord, kOther };
constexpr size_t kNumBefore = 3;

// The languages of a pattern's assertions.
struct LookLanguages {
  // Of (?=x) and (?!x): what may follow up to the end of the text, by what stood before.
  // Of (?<=x) and (?<!x): [0] is what may have come before, from the start of the text.
  struct Look {
    bool ahead = true;
    std::vector<Dfa> by_before;  // kNumBefore of them, or one for all
  };
  std::vector<Look> looks;
};

// The same texts without look edges: runs the automata of the assertions beside the pattern. `before`: what stands
// before the start of `nfa`. kGrammarTooComplex beyond the limits.
Result<Nfa> resolve_looks(const RegexNfa& nfa, const LookLanguages& languages, Before before,
                          const GrammarLimits& limits);

}  // namespace weft
