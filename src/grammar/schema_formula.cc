#include "grammar/schema_formula.h"

#include <algorithm>
#include <unordered_set>

namespace weft::schema {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

}  // namespace

const Literal* PropertiesAtom::find(std::string_view key) const {
  auto found = std::lower_bound(properties.begin(), properties.end(), key,
                                [](const auto& property, std::string_view name) { return property.first < name; });
  return found != properties.end() && found->first == key ? &found->second : nullptr;
}

TypeMask Atom::domain() const {
  return std::visit(
      Overload{[](const UnknownAtom& atom) { return atom.types; }, [](const TypesAtom&) { return kEveryType; },
               [](const ScalarsAtom&) { return kEveryType; }, [](const NumbersAtom&) { return kNumber; },
               [](const LengthAtom&) { return kString; }, [](const PatternAtom&) { return kString; },
               [](const FormatAtom&) { return kString; }, [](const ItemsAtom&) { return kArray; },
               [](const ContainsAtom&) { return kArray; }, [](const ItemCountAtom&) { return kArray; },
               [](const UniqueAtom&) { return kArray; }, [](const auto&) { return kObject; }},
      what);
}

Formulas::Formulas() { formulas_.emplace_back(); }

Literal Formulas::combine(Formula::Kind kind, Literals children) {
  formulas_.push_back({kind, std::move(children), -1});
  return {static_cast<int32_t>(formulas_.size() - 1) * 2};
}

Literal Formulas::conjunction(Literals children) {
  std::erase(children, kTrue);
  if (children.empty()) return kTrue;
  if (std::find(children.begin(), children.end(), kFalse) != children.end()) return kFalse;
  return children.size() == 1 ? children[0] : combine(Formula::Kind::kAnd, std::move(children));
}

Literal Formulas::disjunction(Literals children) {
  std::erase(children, kFalse);
  if (children.empty()) return kFalse;
  if (std::find(children.begin(), children.end(), kTrue) != children.end()) return kTrue;
  return children.size() == 1 ? children[0] : combine(Formula::Kind::kOr, std::move(children));
}

Literal Formulas::atom(Atom atom, const std::string& key) {
  if (!key.empty()) {
    auto found = interned_.find(key);
    if (found != interned_.end()) return found->second;
  }
  atoms_.push_back(std::move(atom));
  formulas_.push_back({Formula::Kind::kAtom, {}, static_cast<int32_t>(atoms_.size() - 1)});
  Literal literal{static_cast<int32_t>(formulas_.size() - 1) * 2};
  if (!key.empty()) interned_.emplace(key, literal);
  return literal;
}

Literal Formulas::required(const std::string& key) { return atom({RequiredAtom{key}, {}, "required"}, "R" + key); }

Literal Formulas::reserve() { return combine(Formula::Kind::kAnd, {}); }

void Formulas::define(Literal reserved, Literals children) { formulas_[reserved.id()].children = std::move(children); }

std::optional<Literals> Formulas::flatten(const Literals& conjunction) const {
  Literals out;
  Literals pending = conjunction;
  std::unordered_set<int32_t> seen;
  while (!pending.empty()) {
    Literal literal = pending.back();
    pending.pop_back();
    if (literal == kTrue) continue;
    if (literal == kFalse) return std::nullopt;
    const Formula& formula = (*this)[literal];
    bool splits = formula.kind == (literal.negative() ? Formula::Kind::kOr : Formula::Kind::kAnd);
    bool passes = formula.children.size() == 1 && formula.kind != Formula::Kind::kAtom;
    if (!splits && !passes) {
      bool empty_choice = formula.children.empty() && formula.kind != Formula::Kind::kAtom;
      if (empty_choice) return std::nullopt;
      out.push_back(literal);
    } else if (seen.insert(literal.code).second) {
      for (Literal child : formula.children) pending.push_back(literal.negative() ? !child : child);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  for (size_t i = 1; i < out.size(); ++i) {
    if (out[i - 1] == !out[i]) return std::nullopt;
  }
  return out;
}

std::optional<size_t> Formulas::find_cycle() const {
  enum : uint8_t { kNew, kOpen, kDone };
  std::vector<uint8_t> state(formulas_.size(), kNew);
  std::vector<std::pair<size_t, size_t>> stack;  // formula, next child
  for (size_t start = 0; start < formulas_.size(); ++start) {
    if (state[start] == kNew) stack.emplace_back(start, 0);
    while (!stack.empty()) {
      auto& [id, next] = stack.back();
      state[id] = kOpen;
      if (next == formulas_[id].children.size()) {
        state[id] = kDone;
        stack.pop_back();
        continue;
      }
      size_t child = formulas_[id].children[next++].id();
      if (state[child] == kOpen) return child;
      if (state[child] == kNew) stack.emplace_back(child, 0);
    }
  }
  return std::nullopt;
}

}  // namespace weft::schema
