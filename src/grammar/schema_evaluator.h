// The values of one kind that a formula stands for, computed over the formula graph with an explicit stack.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "grammar/schema_formula.h"

namespace weft::schema {

// Which types a formula leaves possible: exact for null, true and false, never too few for the others.
class PossibleTypes {
 public:
  explicit PossibleTypes(const Formulas& formulas) : formulas_(formulas) {}
  TypeMask of(Literal literal);
  TypeMask of(const Literals& conjunction);

 private:
  TypeMask combine(Literal literal) const;
  TypeMask known(Literal literal) const { return memo_[static_cast<size_t>(literal.code)]; }

  static constexpr TypeMask kUnset = 128;
  const Formulas& formulas_;
  std::vector<TypeMask> memo_;  // by code
};

// `Domain` is an algebra of sets of values of one type:
//   using Value; TypeMask type() const; Value all() const, none() const; bool is_none(const Value&) const;
//   Result<Value> unite(const Value&, const Value&), intersect(const Value&, const Value&);
//   Result<Value> atom(const Atom&, Literal)   // of an atom of this type, negated where the literal is
//   bool disjoint(const Value&, const Value&)  // false where it is not sure
// Its values may be too large, never too small (keywords that are not enforced).
template <class Domain>
class Evaluator {
 public:
  using Value = typename Domain::Value;

  Evaluator(const Formulas& formulas, PossibleTypes& possible, Domain& domain)
      : formulas_(formulas), possible_(possible), domain_(domain) {}

  // Valid until the next call.
  Result<const Value*> of(Literal literal) {
    std::vector<Literal> stack{literal};
    while (!stack.empty()) {
      Literal top = stack.back();
      if (known(top) != nullptr) {
        stack.pop_back();
        continue;
      }
      needed_.clear();
      TRY_ASSIGN(std::optional<Value> value, compute(top));
      if (value) {
        set(top, std::move(*value));
        stack.pop_back();
      } else {
        stack.insert(stack.end(), needed_.begin(), needed_.end());
      }
    }
    return known(literal);
  }

  // The intersection.
  Result<Value> of(const Literals& conjunction) {
    Value value = domain_.all();
    if ((possible_.of(conjunction) & domain_.type()) == 0) return domain_.none();
    for (Literal literal : conjunction) {
      TRY_ASSIGN(const Value* next, of(literal));
      TRY_ASSIGN(value, domain_.intersect(value, *next));
      if (domain_.is_none(value)) break;
    }
    return value;
  }

 private:
  const Value* known(Literal literal) const {
    auto code = static_cast<size_t>(literal.code);
    return code < memo_.size() ? memo_[code].get() : nullptr;
  }
  void set(Literal literal, Value value) {
    auto code = static_cast<size_t>(literal.code);
    if (code >= memo_.size()) memo_.resize(std::max(code + 1, formulas_.size() * 2));
    memo_[code] = std::make_unique<Value>(std::move(value));
  }
  // Null where it is still needed.
  const Value* child(Literal literal) {
    const Value* value = known(literal);
    if (value == nullptr) needed_.push_back(literal);
    return value;
  }

  // No value: children are needed first.
  Result<std::optional<Value>> compute(Literal literal) {
    using Kind = Formula::Kind;
    if ((possible_.of(literal) & domain_.type()) == 0) return std::optional<Value>(domain_.none());
    Kind kind = formulas_[literal].kind;
    if (kind == Kind::kAlways) return std::optional<Value>(domain_.all());
    if (kind == Kind::kAtom) {
      if ((formulas_.atom(literal).domain() & domain_.type()) == 0) return std::optional<Value>(domain_.all());
      TRY_ASSIGN(Value value, domain_.atom(formulas_.atom(literal), literal));
      return std::optional<Value>(std::move(value));
    }
    Literals children = formulas_[literal].children;
    if (kind == Kind::kOneOf) return one_of(children, literal.negative());
    if (kind == Kind::kIfThenElse) {
      Literal yes = literal.negative() ? !children[1] : children[1],
              no = literal.negative() ? !children[2] : children[2];
      return either(children[0], yes, no);
    }
    if (literal.negative()) {
      for (Literal& each : children) each = !each;
    }
    return join(children, (kind == Kind::kAnd) != literal.negative());
  }

  Result<std::optional<Value>> join(const Literals& children, bool all) {
    for (Literal each : children) child(each);
    if (!needed_.empty()) return std::optional<Value>();
    Value value = all ? domain_.all() : domain_.none();
    for (Literal each : children) {
      if (all) {
        TRY_ASSIGN(value, domain_.intersect(value, *known(each)));
        if (domain_.is_none(value)) break;
      } else {
        TRY_ASSIGN(value, domain_.unite(value, *known(each)));
      }
    }
    return std::optional<Value>(std::move(value));
  }

  Result<std::optional<Value>> either(Literal test, Literal yes, Literal no) {
    for (Literal each : {test, !test, yes, no}) child(each);
    if (!needed_.empty()) return std::optional<Value>();
    TRY_ASSIGN(Value first, domain_.intersect(*known(test), *known(yes)));
    TRY_ASSIGN(Value second, domain_.intersect(*known(!test), *known(no)));
    TRY_ASSIGN(Value both, domain_.unite(first, second));
    return std::optional<Value>(std::move(both));
  }

  // Arms that can't hold together need no complements.
  Result<std::optional<Value>> one_of(const Literals& arms, bool negative) {
    for (Literal each : arms) child(each);
    if (!needed_.empty()) return std::optional<Value>();
    Literals live;
    for (Literal each : arms) {
      if (!domain_.is_none(*known(each))) live.push_back(each);
    }
    std::vector<std::vector<size_t>> overlaps(live.size());
    for (size_t i = 0; i < live.size(); ++i) {
      for (size_t j = i + 1; j < live.size(); ++j) {
        if (live[i] != live[j] && domain_.disjoint(*known(live[i]), *known(live[j]))) continue;
        overlaps[i].push_back(j);
        overlaps[j].push_back(i);
      }
    }
    return negative ? none_or_two(arms, live, overlaps) : exactly_one(live, overlaps);
  }

  Result<std::optional<Value>> exactly_one(const Literals& live, const std::vector<std::vector<size_t>>& overlaps) {
    for (size_t i = 0; i < live.size(); ++i) {
      if (!overlaps[i].empty()) child(!live[i]);
    }
    if (!needed_.empty()) return std::optional<Value>();
    Value sum = domain_.none();
    for (size_t i = 0; i < live.size(); ++i) {
      Value alone = *known(live[i]);
      for (size_t j : overlaps[i]) {
        if (domain_.is_none(alone)) break;
        TRY_ASSIGN(alone, domain_.intersect(alone, *known(!live[j])));
      }
      TRY_ASSIGN(sum, domain_.unite(sum, alone));
    }
    return std::optional<Value>(std::move(sum));
  }

  Result<std::optional<Value>> none_or_two(const Literals& arms, const Literals& live,
                                           const std::vector<std::vector<size_t>>& overlaps) {
    for (Literal each : arms) child(!each);
    if (!needed_.empty()) return std::optional<Value>();
    Value sum = domain_.all();
    for (Literal each : arms) {
      TRY_ASSIGN(sum, domain_.intersect(sum, *known(!each)));
    }
    for (size_t i = 0; i < live.size(); ++i) {
      for (size_t j : overlaps[i]) {
        if (j < i) continue;
        TRY_ASSIGN(Value both, domain_.intersect(*known(live[i]), *known(live[j])));
        TRY_ASSIGN(sum, domain_.unite(sum, both));
      }
    }
    return std::optional<Value>(std::move(sum));
  }

  const Formulas& formulas_;
  PossibleTypes& possible_;
  Domain& domain_;
  std::vector<std::unique_ptr<Value>> memo_;  // by code
  Literals needed_;
};

}  // namespace weft::schema
