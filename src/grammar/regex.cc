#include "grammar/regex.h"

#include <algorithm>

#include "grammar/nfa.h"
#include "grammar/regex_nfa.h"
#include "grammar/regex_syntax.h"

namespace weft {
namespace {

// What a node's subtree (of one automaton: not inside its assertions) uses of the text around it.
struct Uses {
  bool start = false, end = false, word_boundary = false, look = false;
};

Uses uses_of(const RegexNfa& nfa) {
  Uses uses;
  for (const Nfa::EmptyEdge& e : nfa.nfa.empty_edges) {
    uses.start |= e.when == Nfa::When::kAtStart;
    uses.end |= e.when == Nfa::When::kAtEnd;
  }
  for (const LookEdge& e : nfa.look_edges) {
    uses.word_boundary |= e.look < 0;
    uses.look |= e.look >= 0;
  }
  return uses;
}

class Compiler {
 public:
  Compiler(const RegexSyntax& syntax, const GrammarLimits& limits) : syntax_(syntax), limits_(limits) {}

  Result<Dfa> run(RegexMatch match) {
    for (const RegexLook& look : syntax_.looks) {
      Result<LookLanguages::Look> language = look.ahead ? look_ahead(look) : look_behind(look);
      if (!language) return std::move(language).take_error();
      languages_.looks.push_back(std::move(*language));
    }
    const bool search = match == RegexMatch::kSearch;
    TRY_ASSIGN(const RegexNfa nfa, automaton_of(syntax_.root, search, search));
    return finish(nfa, Before::kStart);
  }

 private:
  // The node's texts, with any text before and after it.
  Result<RegexNfa> automaton_of(int32_t node, bool any_before, bool any_after) const {
    RegexNfa out;
    Nfa& nfa = out.nfa;
    nfa.start = nfa.add_state();
    const int32_t from = nfa.add_state();
    const int32_t to = nfa.add_state();
    nfa.accepting[static_cast<size_t>(to)] = 1;
    nfa.add_empty(nfa.start, from);
    if (any_before) add_any_characters(nfa, nfa.start);
    TRY(add_regex_node(syntax_, node, from, to, limits_, out));
    if (any_after) {
      const int32_t rest = nfa.add_state();
      nfa.accepting[static_cast<size_t>(rest)] = 1;
      nfa.add_empty(to, rest);
      add_any_characters(nfa, rest);
      nfa.absorbing = rest;
    }
    return out;
  }

  Result<Dfa> finish(const RegexNfa& nfa, Before before) const {
    if (nfa.look_edges.empty()) {
      if (before == Before::kStart) return determinize(nfa.nfa, limits_);
      Nfa later = nfa.nfa;  // `^` never holds
      std::erase_if(later.empty_edges, [](const Nfa::EmptyEdge& e) { return e.when == Nfa::When::kAtStart; });
      return determinize(later, limits_);
    }
    TRY_ASSIGN(const Nfa resolved, resolve_looks(nfa, languages_, before, limits_));
    return determinize(resolved, limits_);
  }

  Error unsupported(const RegexLook& look, std::string_view what) const {
    return make_error(ErrorCode::kInvalidValue, "Regular expression, offset {}: {}.", look.offset, what);
  }

  Result<LookLanguages::Look> look_ahead(const RegexLook& look) const {
    TRY_ASSIGN(const RegexNfa nfa, automaton_of(look.body, false, true));
    bool uses_before = uses_of(nfa).start || uses_of(nfa).word_boundary;
    for (const LookEdge& e : nfa.look_edges) {
      if (e.look < 0) continue;
      const LookLanguages::Look& inner = languages_.looks[static_cast<size_t>(e.look)];
      if (!inner.ahead) return unsupported(look, "look-behind inside of look-ahead is not supported");
      uses_before |= inner.by_before.size() > 1;
    }
    LookLanguages::Look out;
    for (size_t before = 0; before < (uses_before ? kNumBefore : 1); ++before) {
      const Before at = uses_before ? static_cast<Before>(before) : Before::kOther;
      TRY_ASSIGN(Dfa language, finish(nfa, at));
      if (look.negative) {
        TRY_ASSIGN(language, dfa::subtract(dfa::any_text(), language, limits_));
      }
      out.by_before.push_back(std::move(language));
    }
    return out;
  }

  Result<LookLanguages::Look> look_behind(const RegexLook& look) const {
    TRY_ASSIGN(const RegexNfa nfa, automaton_of(look.body, true, false));
    const Uses uses = uses_of(nfa);
    if (uses.end || uses.look || uses.word_boundary) {
      return unsupported(look, "$, \\b and assertions inside of look-behind are not supported");
    }
    TRY_ASSIGN(Dfa language, finish(nfa, Before::kStart));
    if (look.negative) {
      TRY_ASSIGN(language, dfa::subtract(dfa::any_text(), language, limits_));
    }
    LookLanguages::Look out;
    out.ahead = false;
    out.by_before.push_back(std::move(language));
    return out;
  }

  const RegexSyntax& syntax_;
  const GrammarLimits& limits_;
  LookLanguages languages_;
};

}  // namespace

Result<Dfa> compile_regex(std::string_view pattern, RegexMatch match, const GrammarLimits& limits) {
  TRY_ASSIGN(const RegexSyntax syntax, parse_regex(pattern, limits));
  return Compiler(syntax, limits).run(match);
}

}  // namespace weft
