// Sets of arrays or of objects as alternatives, each a conjunction of atoms, as evaluators compute with them.
#pragma once

#include "grammar/schema_evaluator.h"
#include "grammar/schema_scalars.h"

namespace weft::schema {

// The evaluators of scalars, and what follows from them alone.
class Scalars {
 public:
  Scalars(const Formulas& formulas, Automata& automata, Unenforced& unenforced)
      : automata_(automata),
        number_domain_(automata, unenforced),
        string_domain_(automata, unenforced),
        possible_(formulas),
        numbers_(formulas, possible_, number_domain_),
        strings_(formulas, possible_, string_domain_) {}

  PossibleTypes& possible() { return possible_; }
  Evaluator<NumberDomain>& numbers() { return numbers_; }
  Evaluator<StringDomain>& strings() { return strings_; }
  NumberDomain& number_domain() { return number_domain_; }
  StringDomain& string_domain() { return string_domain_; }
  // True only where no value satisfies the conjunction.
  bool surely_empty(const Literals& conjunction);
  // What `atom` says about the value of `key`.
  Result<bool> append_of_key(const PropertiesAtom& atom, std::string_view key, Literals& out);

 private:
  Automata& automata_;
  NumberDomain number_domain_;
  StringDomain string_domain_;
  PossibleTypes possible_;
  Evaluator<NumberDomain> numbers_;
  Evaluator<StringDomain> strings_;
};

using Term = Literals;  // sorted
using Terms = std::vector<Term>;

class TermDomain {
 public:
  using Value = Terms;
  TermDomain(TypeMask type, Formulas& formulas, Scalars& scalars, Budget& budget, Unenforced& unenforced)
      : type_(type), formulas_(formulas), scalars_(scalars), budget_(budget), unenforced_(unenforced) {}

  TypeMask type() const { return type_; }
  Value all() const { return {Term{}}; }
  Value none() const { return {}; }
  bool is_none(const Value& value) const { return value.empty(); }
  Result<Value> unite(const Value& a, const Value& b);
  Result<Value> intersect(const Value& a, const Value& b);
  Result<Value> atom(const Atom& atom, Literal literal);
  bool disjoint(const Value& a, const Value& b);

 private:
  template <class Count>
  Value outside(Count count, const Atom& atom);  // of its range
  Value negated(const Atom& atom, Literal literal);
  bool surely_empty(const Term& term);

  TypeMask type_;
  Formulas& formulas_;
  Scalars& scalars_;
  Budget& budget_;
  Unenforced& unenforced_;
};

}  // namespace weft::schema
