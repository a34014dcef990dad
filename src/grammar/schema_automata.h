// The automata of one compilation: each made once, all paid for from one budget.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "grammar/dfa.h"
#include "grammar/regex.h"

namespace weft::schema {

// What compiling may cost: steps, and processor time of this thread, so that a busy machine refuses no schema that an
// idle one takes. kGrammarTooComplex when it is spent.
class Budget {
 public:
  explicit Budget(const GrammarLimits& limits);
  Status spend(uint64_t steps);

 private:
  uint64_t left_, spent_since_look_ = 0;
  Nanos end_;
};

// Texts are UTF-8; a null automaton stands for every text, or every number.
class Automata {
 public:
  Automata(const GrammarLimits& limits, Budget& budget) : limits_(limits), budget_(budget) {}

  Result<DfaPtr> pattern(const std::string& pattern);
  Result<DfaPtr> format(const std::string& format);  // null: an annotation
  Result<DfaPtr> length(int64_t min, std::optional<int64_t> max);
  Result<DfaPtr> texts(const std::vector<std::string>& texts);
  Result<DfaPtr> number(const NumberSet& set);
  Result<DfaPtr> numbers(const std::vector<Decimal>& values);
  // Every number as complements see it (without exponents), and every text.
  const DfaPtr& all_numbers();
  const DfaPtr& all_texts();
  DfaPtr every_number();    // also with exponents
  DfaPtr plain_integers();  // without fraction

  Result<DfaPtr> unite(const DfaPtr& a, const DfaPtr& b);
  Result<DfaPtr> intersect(const DfaPtr& a, const DfaPtr& b);
  Result<DfaPtr> subtract(const DfaPtr& a, const DfaPtr& b);

  // Whether one of the texts has that many characters.
  Result<bool> has_length(const Dfa& texts, int64_t min, std::optional<int64_t> max);

  const GrammarLimits& limits() const { return limits_; }
  Budget& budget() { return budget_; }

 private:
  using Operation = Result<Dfa> (*)(const Dfa&, const Dfa&, const GrammarLimits&);
  Result<DfaPtr> keep(Result<Dfa> made);
  Result<DfaPtr> combine(char kind, Operation operation, const DfaPtr& a, const DfaPtr& b);
  template <class Make>
  Result<DfaPtr> named(std::string name, const Make& make);

  GrammarLimits limits_;
  Budget& budget_;
  std::unordered_map<std::string, Result<DfaPtr>> by_name_;
  std::map<std::tuple<char, DfaPtr, DfaPtr>, DfaPtr> by_operation_;
};

// A text that tells sets of numbers apart.
std::string key_of(const Decimal& number);
std::string key_of(const NumberSet& set);
bool is_zero(const Decimal& number);

}  // namespace weft::schema
