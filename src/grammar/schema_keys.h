// The keys of an object that are no listed property, sorted into classes by which of some automata accept them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "grammar/schema_automata.h"

namespace weft::schema {

struct KeyClasses {
  DfaPtr keys;                    // labels: 1-based into `members`
  std::vector<uint64_t> members;  // bit i: automaton i accepts the class
};

// `excluded` keys are in no class; `wanted` says whether a class (as in `members`) is to be kept.
Result<KeyClasses> classify_keys(const std::vector<DfaPtr>& automata, const std::vector<std::string>& excluded,
                                 const std::function<Result<bool>(uint64_t)>& wanted, Budget& budget,
                                 const DfaPtr& all_texts, const GrammarLimits& limits);

// The automaton with other labels: `labels[old]`, 0 for none; null when no text is left.
DfaPtr relabelled(const Dfa& automaton, const std::vector<uint8_t>& labels);
// The number of texts with the label, at most `limit`.
int64_t count_texts(const Dfa& automaton, uint8_t label, int64_t limit);

}  // namespace weft::schema
