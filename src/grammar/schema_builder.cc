#include "grammar/schema_builder.h"

#include <algorithm>

namespace weft::schema {

Builder::Builder(Formulas& formulas, Automata& automata, std::vector<UnenforcedKeyword>& unenforced)
    : formulas_(formulas),
      automata_(automata),
      unenforced_(unenforced),
      scalars_(formulas, automata, unenforced_),
      array_domain_(kArray, formulas, scalars_, automata.budget(), unenforced_),
      object_domain_(kObject, formulas, scalars_, automata.budget(), unenforced_),
      arrays_(formulas, scalars_.possible(), array_domain_),
      objects_(formulas, scalars_.possible(), object_domain_) {}

Result<ValueGrammar> Builder::build(Literal root) {
  TRY_ASSIGN(grammar_.root, value_of({root}));
  for (size_t i = 0; i < pending_.size(); ++i) {
    Literals conjunction = pending_[i];
    TRY_ASSIGN(ValueShape shape, shape_of(conjunction));
    grammar_.values[i] = std::move(shape);
  }
  return std::move(grammar_);
}

Result<ValueId> Builder::value_of(const Literals& conjunction) {
  TRY(automata_.budget().spend(8 + conjunction.size() * 4));
  std::optional<Literals> flat = formulas_.flatten(conjunction);
  if (!flat || scalars_.possible().of(*flat) == 0) return kNoValue;
  auto found = ids_.find(*flat);
  if (found != ids_.end()) return found->second;
  if (grammar_.values.size() >= automata_.limits().values) {
    return make_error(ErrorCode::kGrammarTooComplex, "The schema comes to more than {} kinds of values.",
                      automata_.limits().values);
  }
  auto id = static_cast<ValueId>(grammar_.values.size());
  grammar_.values.emplace_back();
  ids_.emplace(*flat, id);
  pending_.push_back(std::move(*flat));
  return id;
}

Result<ValueShape> Builder::shape_of(const Literals& conjunction) {
  ValueShape shape;
  TypeMask types = scalars_.possible().of(conjunction);
  shape.null = (types & kNull) != 0;
  shape.true_value = (types & kTrueValue) != 0;
  shape.false_value = (types & kFalseValue) != 0;
  shape.is_any = conjunction.empty();
  if ((types & kNumber) != 0) {
    TRY_ASSIGN(NumberValue numbers, scalars_.numbers().of(conjunction));
    if (!scalars_.number_domain().is_none(numbers)) {
      TRY_ASSIGN(shape.number, scalars_.number_domain().automaton(numbers));
      if (shape.number == nullptr) shape.number = automata_.every_number();
      if (shape.number->is_empty()) shape.number = nullptr;
    }
  }
  if ((types & kString) != 0) {
    TRY_ASSIGN(StringValue strings, scalars_.strings().of(conjunction));
    TRY_ASSIGN(shape.strings, scalars_.string_domain().finished(strings));
  }
  if ((types & kArray) != 0) {
    TRY_ASSIGN(Terms terms, arrays_.of(conjunction));
    for (const Term& term : terms) {
      TRY_ASSIGN(std::optional<ArrayShape> array, array_of(term));
      if (array) shape.arrays.push_back(std::move(*array));
    }
  }
  if ((types & kObject) != 0) {
    TRY_ASSIGN(Terms terms, objects_.of(conjunction));
    for (const Term& term : terms) {
      TRY_ASSIGN(std::optional<ObjectShape> object, object_of(term));
      if (object) shape.objects.push_back(std::move(*object));
    }
  }
  return shape;
}

Status Builder::spend(size_t entries) { return automata_.budget().spend(entries * 32); }

Literal Builder::violation(Literals all) {
  std::erase(all, kTrue);
  if (all.size() == 1) return !all[0];
  for (Literal& each : all) each = !each;
  std::sort(all.begin(), all.end());
  auto [at, added] = violations_.try_emplace(all, kFalse);
  if (added) at->second = formulas_.disjunction(all);
  return at->second;
}

Result<std::vector<EntryChoice>> Builder::choices(const Literals& all, const Literals& predicates) {
  struct Option {
    Literals literals;
    uint32_t counts;
  };
  constexpr size_t kMaxOptions = 64;
  std::vector<Option> options{{all, 0}};
  for (size_t i = 0; i < predicates.size(); ++i) {
    std::vector<Option> split;
    for (const Option& option : options) {
      for (bool holds : {true, false}) {
        Option next = option;
        next.literals.push_back(holds ? predicates[i] : !predicates[i]);
        if (holds) next.counts |= uint32_t{1} << i;
        std::optional<Literals> flat = formulas_.flatten(next.literals);
        if (!flat || scalars_.possible().of(*flat) == 0) continue;
        next.literals = std::move(*flat);
        split.push_back(std::move(next));
      }
    }
    options = std::move(split);
    if (options.size() > kMaxOptions) {
      return make_error(ErrorCode::kGrammarTooComplex, "The schema has too many conditions on the parts of one value.");
    }
  }
  std::vector<EntryChoice> out;
  for (const Option& option : options) {
    TRY_ASSIGN(ValueId value, value_of(option.literals));
    if (value != kNoValue) out.push_back({value, option.counts});
  }
  return out;
}

}  // namespace weft::schema
