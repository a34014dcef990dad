#include "grammar/schema_evaluator.h"

namespace weft::schema {
namespace {

constexpr TypeMask kExact = kNull | kBoolean;  // nothing is left open about these

TypeMask of_atom(const Atom& atom, bool negative) {
  if (const auto* types = std::get_if<TypesAtom>(&atom.what)) {
    if (!negative) return types->types;
    return static_cast<TypeMask>((kEveryType & ~types->types) | (types->integers_only ? kNumber : 0));
  }
  if (const auto* scalars = std::get_if<ScalarsAtom>(&atom.what)) {
    if (negative) return static_cast<TypeMask>(kEveryType & ~scalars->constants);
    return static_cast<TypeMask>(scalars->constants | (scalars->numbers.empty() ? 0 : kNumber) |
                                 (scalars->strings.empty() ? 0 : kString));
  }
  return negative ? atom.domain() : kEveryType;
}

}  // namespace

TypeMask PossibleTypes::of(const Literals& conjunction) {
  TypeMask mask = kEveryType;
  for (Literal literal : conjunction) mask &= of(literal);
  return mask;
}

TypeMask PossibleTypes::of(Literal literal) {
  if (memo_.size() < formulas_.size() * 2) memo_.resize(formulas_.size() * 2, kUnset);
  if (known(literal) != kUnset) return known(literal);
  std::vector<Literal> stack{literal};
  while (!stack.empty()) {
    Literal top = stack.back();
    size_t before = stack.size();
    for (Literal child : formulas_[top].children) {
      for (Literal each : {child, !child}) {
        if (known(each) == kUnset) stack.push_back(each);
      }
    }
    if (stack.size() > before) continue;
    stack.pop_back();
    memo_[static_cast<size_t>(top.code)] = combine(top);
  }
  return known(literal);
}

TypeMask PossibleTypes::combine(Literal literal) const {
  using Kind = Formula::Kind;
  const Formula& formula = formulas_[literal];
  bool negative = literal.negative();
  if (formula.kind == Kind::kAlways) return negative ? 0 : kEveryType;
  if (formula.kind == Kind::kAtom) return of_atom(formulas_.atom(literal), negative);
  if (formula.kind == Kind::kIfThenElse) {
    Literal test = formula.children[0], yes = formula.children[1], no = formula.children[2];
    return static_cast<TypeMask>((known(test) & known(negative ? !yes : yes)) |
                                 (known(!test) & known(negative ? !no : no)));
  }
  if (formula.kind != Kind::kOneOf) {
    bool all = (formula.kind == Kind::kAnd) != negative;
    TypeMask mask = all ? kEveryType : 0;
    for (Literal child : formula.children) {
      TypeMask next = known(negative ? !child : child);
      mask = static_cast<TypeMask>(all ? mask & next : mask | next);
    }
    return mask;
  }
  TypeMask one = 0, two = 0, surely_one = 0, surely_two = 0, no_arm = kEveryType;
  for (Literal child : formula.children) {
    auto sure = static_cast<TypeMask>(known(child) & ~known(!child) & kExact);
    two = static_cast<TypeMask>(two | (one & known(child)));
    one = static_cast<TypeMask>(one | known(child));
    surely_two = static_cast<TypeMask>(surely_two | (surely_one & sure));
    surely_one = static_cast<TypeMask>(surely_one | sure);
    no_arm &= known(!child);
  }
  return static_cast<TypeMask>(negative ? no_arm | two : one & ~surely_two);
}

}  // namespace weft::schema
