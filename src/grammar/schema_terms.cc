#include "grammar/schema_terms.h"

#include <algorithm>

namespace weft::schema {
namespace {

constexpr size_t kMaxTerms = 1'024;

// No value: they contradict each other.
std::optional<Term> join(const Term& a, const Term& b) {
  Term out;
  out.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  for (size_t i = 1; i < out.size(); ++i) {
    if (out[i - 1] == !out[i]) return std::nullopt;
  }
  return out;
}

bool implies(const Term& narrow, const Term& wide) {
  return std::includes(narrow.begin(), narrow.end(), wide.begin(), wide.end());
}

// Adds an alternative unless one of them covers it; those that it covers go.
void add(Terms& terms, Term term) {
  for (const Term& known : terms) {
    if (implies(term, known)) return;
  }
  std::erase_if(terms, [&](const Term& known) { return implies(known, term); });
  terms.push_back(std::move(term));
}

}  // namespace

bool Scalars::surely_empty(const Literals& conjunction) {
  TypeMask mask = possible_.of(conjunction);
  if ((mask & (kNull | kBoolean | kArray | kObject)) != 0) return false;
  if ((mask & kNumber) != 0) {
    Result<NumberValue> value = numbers_.of(conjunction);
    if (!value || !number_domain_.is_none(*value)) return false;
  }
  if ((mask & kString) != 0) {
    Result<StringValue> value = strings_.of(conjunction);
    if (!value || !string_domain_.is_none(*value)) return false;
  }
  return true;
}

Result<bool> Scalars::append_of_key(const PropertiesAtom& atom, std::string_view key, Literals& out) {
  const Literal* own = atom.find(key);
  if (own != nullptr) out.push_back(*own);
  bool known = own != nullptr;
  for (const auto& [pattern, literal] : atom.patterns) {
    TRY_ASSIGN(DfaPtr language, automata_.pattern(pattern));
    if (!language->accepts(key)) continue;
    out.push_back(literal);
    known = true;
  }
  if (!known) out.push_back(atom.additional);
  return known;
}

Result<Terms> TermDomain::unite(const Value& a, const Value& b) {
  TRY(budget_.spend(a.size() * b.size() + 1));
  Value out = a;
  for (const Term& term : b) add(out, term);
  if (out.size() > kMaxTerms) {
    return make_error(ErrorCode::kGrammarTooComplex, "The schema's combinations make more than {} alternatives.",
                      kMaxTerms);
  }
  return out;
}

Result<Terms> TermDomain::intersect(const Value& a, const Value& b) {
  constexpr size_t kMany = 64;  // alternatives, from which on it pays to look for contradictions
  bool look = a.size() > 1 && b.size() > 1 && a.size() * b.size() > kMany;
  Value out;
  for (const Term& first : a) {
    for (const Term& second : b) {
      TRY(budget_.spend(first.size() + second.size() + out.size()));
      std::optional<Term> both = join(first, second);
      if (both && !(look && surely_empty(*both))) add(out, std::move(*both));
      if (out.size() > kMaxTerms) {
        return make_error(ErrorCode::kGrammarTooComplex, "The schema's combinations make more than {} alternatives.",
                          kMaxTerms);
      }
    }
  }
  return out;
}

template <class Count>
Terms TermDomain::outside(Count count, const Atom& atom) {
  Terms out;
  auto add_range = [&](int64_t min, std::optional<int64_t> max) {
    count.min = min;
    count.max = max;
    out.push_back({formulas_.atom({count, atom.path, atom.keyword})});
  };
  std::optional<int64_t> max = count.max;
  if (count.min > 0) add_range(0, count.min - 1);
  if (max) add_range(*max + 1, {});
  return out;
}

Terms TermDomain::negated(const Atom& atom, Literal literal) {
  if (const auto* count = std::get_if<PropertyCountAtom>(&atom.what)) return outside(*count, atom);
  if (const auto* count = std::get_if<ItemCountAtom>(&atom.what)) return outside(*count, atom);
  if (const auto* count = std::get_if<ContainsAtom>(&atom.what)) return outside(*count, atom);
  if (const auto* dependency = std::get_if<DependencyAtom>(&atom.what)) {
    Terms out;
    Literal present = formulas_.required(dependency->key);
    for (const std::string& need : dependency->needs) {
      if (auto term = join({present}, {!formulas_.required(need)})) add(out, std::move(*term));
    }
    return out;
  }
  if (std::holds_alternative<UniqueAtom>(atom.what)) {
    unenforced_.add(atom, "the opposite of unique items can't be enforced");
    return all();
  }
  return {Term{literal}};
}

Result<Terms> TermDomain::atom(const Atom& atom, Literal literal) {
  if (std::holds_alternative<UnknownAtom>(atom.what)) return all();
  if (const auto* types = std::get_if<TypesAtom>(&atom.what)) {
    return ((types->types & type_) != 0) != literal.negative() ? all() : none();
  }
  if (std::holds_alternative<ScalarsAtom>(atom.what)) return literal.negative() ? all() : none();
  if (!literal.negative()) return Value{Term{literal}};
  return negated(atom, literal);
}

bool TermDomain::surely_empty(const Term& term) {
  int64_t min = 0;
  std::optional<int64_t> max;
  auto narrow = [&](int64_t low, std::optional<int64_t> high) {
    min = std::max(min, low);
    if (high) max = std::min(max.value_or(*high), *high);
  };
  std::vector<const PropertiesAtom*> maps;
  std::vector<const ItemsAtom*> lists;
  std::vector<const std::string*> keys;
  for (Literal literal : term) {
    if (literal.negative()) continue;
    const Atom& atom = formulas_.atom(literal);
    if (const auto* items = std::get_if<ItemCountAtom>(&atom.what)) narrow(items->min, items->max);
    if (const auto* count = std::get_if<PropertyCountAtom>(&atom.what)) narrow(count->min, count->max);
    if (const auto* list = std::get_if<ItemsAtom>(&atom.what)) lists.push_back(list);
    if (const auto* map = std::get_if<PropertiesAtom>(&atom.what)) maps.push_back(map);
    if (const auto* required = std::get_if<RequiredAtom>(&atom.what)) keys.push_back(&required->key);
  }
  if (max && (min > *max || static_cast<int64_t>(keys.size()) > *max)) return true;
  auto no_value = [&](const Literals& value) {
    return std::find(value.begin(), value.end(), kFalse) != value.end() || scalars_.surely_empty(value);
  };
  for (const std::string* key : keys) {
    Literals value;
    for (const PropertiesAtom* map : maps) {
      if (!scalars_.append_of_key(*map, *key, value)) return false;
    }
    if (no_value(value)) return true;
  }
  constexpr int64_t kFirst = 8;  // items that are looked at
  for (int64_t i = 0; i < std::min(min, kFirst) && !lists.empty(); ++i) {
    Literals value;
    for (const ItemsAtom* list : lists) {
      bool listed = i < static_cast<int64_t>(list->prefix.size());
      value.push_back(listed ? list->prefix[static_cast<size_t>(i)] : list->rest);
    }
    if (no_value(value)) return true;
  }
  return false;
}

bool TermDomain::disjoint(const Value& a, const Value& b) {
  for (const Term& first : a) {
    for (const Term& second : b) {
      if (!budget_.spend(first.size() + second.size())) return false;
      std::optional<Term> both = join(first, second);
      if (both && !surely_empty(*both)) return false;
    }
  }
  return true;
}

}  // namespace weft::schema
