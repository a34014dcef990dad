// From formulas to the shapes of value_grammar.h: one value for each set of formulas that has to hold together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "grammar/schema_keys.h"
#include "grammar/schema_terms.h"
#include "grammar/value_grammar.h"

namespace weft::schema {

class Builder {
 public:
  Builder(Formulas& formulas, Automata& automata, std::vector<UnenforcedKeyword>& unenforced);

  // The values of `root`; parts of the result may still be unsatisfiable (schema_prune.h).
  Result<ValueGrammar> build(Literal root);

 private:
  // What a term says about arrays, and about objects.
  struct ArrayFacts;
  struct ObjectFacts;

  // The value of a conjunction; kNoValue where it is plainly false.
  Result<ValueId> value_of(const Literals& conjunction);
  Result<ValueShape> shape_of(const Literals& conjunction);
  // An entry of which `all` holds and each predicate may hold: condition i counts the entries with predicates[i].
  Result<std::vector<EntryChoice>> choices(const Literals& all, const Literals& predicates);
  // That not all of `all` hold.
  Literal violation(Literals all);
  Status spend(size_t entries);

  Result<std::optional<ArrayShape>> array_of(const Term& term);
  Result<std::vector<EntryChoice>> item_choices(const ArrayFacts& facts, size_t position);

  Result<std::optional<ObjectShape>> object_of(const Term& term);
  Result<ObjectFacts> object_facts(const Term& term);
  Status add_names(Literal literal, const NamesAtom& atom, ObjectFacts& facts);
  Status add_property(const ObjectFacts& facts, const std::string& key, ObjectShape& shape);
  Status add_other_keys(const ObjectFacts& facts, ObjectShape& shape);
  Result<std::vector<EntryChoice>> class_choices(const ObjectFacts& facts, uint64_t members,
                                                 const std::map<std::string, size_t>& patterns);

  Formulas& formulas_;
  Automata& automata_;
  Unenforced unenforced_;
  Scalars scalars_;
  TermDomain array_domain_, object_domain_;
  Evaluator<TermDomain> arrays_, objects_;
  ValueGrammar grammar_;
  std::map<Literals, ValueId> ids_;
  std::vector<Literals> pending_;  // by value: its conjunction
  std::map<Literals, Literal> violations_;
};

}  // namespace weft::schema
