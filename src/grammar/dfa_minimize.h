// The last step of every operation on automata: trim, minimise, bring into the one canonical form.
#pragma once

#include "grammar/dfa.h"

namespace weft::dfa {

// `raw`: any deterministic automaton whose state 0 is the start and whose states can all be reached from it; dead ends
// and equivalent states are allowed. The result is minimal, its states are numbered breadth-first in the order of the
// byte classes, and the classes by their smallest byte: equal languages (with equal labels) give equal members.
// O(transitions * log states), A. Valmari, "Fast brief practical DFA minimization" (2012).
Dfa minimize(const Dfa& raw);

// The same without the search for equivalent states, of an automaton that has none and no dead ends.
Dfa canonical_form(const Dfa& raw);

}  // namespace weft::dfa
