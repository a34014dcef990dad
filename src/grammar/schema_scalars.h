// Sets of numbers and of strings, as evaluators (schema_evaluator.h) compute with them.
#pragma once

#include <vector>

#include "grammar/compile.h"
#include "grammar/schema_automata.h"
#include "grammar/schema_formula.h"
#include "grammar/value_grammar.h"

namespace weft::schema {

// What keeps a keyword from being enforced, found out while computing.
class Unenforced {
 public:
  explicit Unenforced(std::vector<UnenforcedKeyword>& list) : list_(list) {}
  void add(const Atom& atom, std::string_view reason);

 private:
  std::vector<UnenforcedKeyword>& list_;
};

// Numbers stay symbolic (a range, a list) as long as they can: merging those costs nothing.
struct NumberValue {
  enum class Kind { kNone, kAll, kRange, kList, kAutomaton };
  Kind kind = Kind::kNone;
  NumberSet range;
  std::vector<Decimal> list;
  DfaPtr automaton;
  bool plain = false;  // of a range or list: only as digits without a fraction
};

class NumberDomain {
 public:
  using Value = NumberValue;
  NumberDomain(Automata& automata, Unenforced& unenforced) : automata_(automata), unenforced_(unenforced) {}

  TypeMask type() const { return kNumber; }
  Value all() const { return {Value::Kind::kAll, {}, {}, nullptr}; }
  Value none() const { return {}; }
  bool is_none(const Value& value) const { return value.kind == Value::Kind::kNone; }
  Result<Value> unite(const Value& a, const Value& b);
  Result<Value> intersect(const Value& a, const Value& b);
  Result<Value> atom(const Atom& atom, Literal literal);
  bool disjoint(const Value& a, const Value& b);
  // Null: all.
  Result<DfaPtr> automaton(const Value& value);

 private:
  Result<Value> positive(const Atom& atom);
  Value from(DfaPtr automaton) const;

  Automata& automata_;
  Unenforced& unenforced_;
};

// A union of parts; none: no string.
using StringValue = std::vector<StringShape>;

class StringDomain {
 public:
  using Value = StringValue;
  StringDomain(Automata& automata, Unenforced& unenforced) : automata_(automata), unenforced_(unenforced) {}

  TypeMask type() const { return kString; }
  Value all() const { return {StringShape{}}; }
  Value none() const { return {}; }
  bool is_none(const Value& value) const { return value.empty(); }
  Result<Value> unite(const Value& a, const Value& b);
  Result<Value> intersect(const Value& a, const Value& b);
  Result<Value> atom(const Atom& atom, Literal literal);
  bool disjoint(const Value& a, const Value& b);
  // Every part has a string; bounds that say nothing beside the automaton are gone.
  Result<Value> finished(const Value& value);
  // The texts as one automaton; null: all.
  Result<DfaPtr> automaton(const Value& value);

 private:
  Result<Value> positive(const Atom& atom);
  Result<Value> complement(const Value& value);
  Status finish(StringShape part, Value& out);

  Automata& automata_;
  Unenforced& unenforced_;
};

}  // namespace weft::schema
