#include <algorithm>
#include <iterator>

#include "grammar/schema_scalars.h"

namespace weft::schema {
namespace {

using Kind = NumberValue::Kind;

bool is_whole(const Decimal& number) { return is_zero(number) || number.exponent >= 0; }
bool is_one(const Decimal& number) { return number.digits == "1" && number.exponent == 0 && !number.negative; }

// Whether the bounds leave it in; multiples are another matter.
bool in_bounds(const NumberSet& set, const Decimal& number) {
  if (set.minimum) {
    int order = compare(number, *set.minimum);
    if (order < 0 || (order == 0 && set.exclusive_minimum)) return false;
  }
  if (set.maximum) {
    int order = compare(number, *set.maximum);
    if (order > 0 || (order == 0 && set.exclusive_maximum)) return false;
  }
  return true;
}

bool has_values(const NumberSet& set) {
  if (!set.minimum || !set.maximum) return true;
  int order = compare(*set.minimum, *set.maximum);
  return order < 0 || (order == 0 && !set.exclusive_minimum && !set.exclusive_maximum);
}

// No value: one multiple does not divide the other, as far as this looks.
std::optional<std::optional<Decimal>> common_multiple(const std::optional<Decimal>& a,
                                                      const std::optional<Decimal>& b) {
  if (!a || !b) return a ? a : b;
  if (compare(*a, *b) == 0) return a;
  if (is_one(*a) && is_whole(*b)) return b;
  if (is_one(*b) && is_whole(*a)) return a;
  return std::nullopt;
}

void tighten(NumberSet& set, const NumberSet& by) {
  if (by.minimum) {
    int order = set.minimum ? compare(*by.minimum, *set.minimum) : 1;
    if (order > 0) {
      set.minimum = by.minimum;
      set.exclusive_minimum = by.exclusive_minimum;
    } else if (order == 0) {
      set.exclusive_minimum = set.exclusive_minimum || by.exclusive_minimum;
    }
  }
  if (by.maximum) {
    int order = set.maximum ? compare(*by.maximum, *set.maximum) : -1;
    if (order < 0) {
      set.maximum = by.maximum;
      set.exclusive_maximum = by.exclusive_maximum;
    } else if (order == 0) {
      set.exclusive_maximum = set.exclusive_maximum || by.exclusive_maximum;
    }
  }
}

// Lists are sorted.
bool is_less(const Decimal& a, const Decimal& b) { return compare(a, b) < 0; }

bool contains(const std::vector<Decimal>& list, const Decimal& number) {
  return std::binary_search(list.begin(), list.end(), number, is_less);
}

}  // namespace

void Unenforced::add(const Atom& atom, std::string_view reason) {
  for (const UnenforcedKeyword& known : list_) {
    if (known.path == atom.path && known.keyword == atom.keyword) return;
  }
  list_.push_back({atom.path, atom.keyword, std::string(reason)});
}

NumberValue NumberDomain::from(DfaPtr automaton) const {
  if (automaton == nullptr) return all();
  if (automaton->is_empty()) return none();
  return {Kind::kAutomaton, {}, {}, std::move(automaton), false};
}

Result<DfaPtr> NumberDomain::automaton(const Value& value) {
  if (value.kind != Kind::kRange && value.kind != Kind::kList) return value.automaton;
  TRY_ASSIGN(DfaPtr numbers,
             value.kind == Kind::kRange ? automata_.number(value.range) : automata_.numbers(value.list));
  return value.plain ? automata_.intersect(numbers, automata_.plain_integers()) : Result<DfaPtr>(numbers);
}

Result<NumberValue> NumberDomain::unite(const Value& a, const Value& b) {
  if (is_none(a) || b.kind == Kind::kAll) return b;
  if (is_none(b) || a.kind == Kind::kAll) return a;
  if (a.kind == Kind::kList && b.kind == Kind::kList && a.plain == b.plain) {
    Value both = a;
    both.list.clear();
    std::set_union(a.list.begin(), a.list.end(), b.list.begin(), b.list.end(), std::back_inserter(both.list), is_less);
    return both;
  }
  TRY_ASSIGN(DfaPtr first, automaton(a));
  TRY_ASSIGN(DfaPtr second, automaton(b));
  TRY_ASSIGN(DfaPtr both, automata_.unite(first, second));
  return from(both);
}

Result<NumberValue> NumberDomain::intersect(const Value& a, const Value& b) {
  if (is_none(a) || b.kind == Kind::kAll) return a;
  if (is_none(b) || a.kind == Kind::kAll) return b;
  if (a.kind == Kind::kRange && b.kind == Kind::kRange) {
    if (auto multiple = common_multiple(a.range.multiple_of, b.range.multiple_of)) {
      Value both = a;
      both.range.multiple_of = *multiple;
      both.plain = a.plain || b.plain;
      tighten(both.range, b.range);
      return has_values(both.range) ? both : none();
    }
  }
  const Value& list = a.kind == Kind::kList ? a : b;
  const Value& other = a.kind == Kind::kList ? b : a;
  bool by_value = other.kind == Kind::kList ||
                  (other.kind == Kind::kRange && (!other.range.multiple_of || is_one(*other.range.multiple_of)));
  if (list.kind == Kind::kList && by_value) {
    Value both{Kind::kList, {}, {}, nullptr, a.plain || b.plain};
    for (const Decimal& number : list.list) {
      bool in = other.kind == Kind::kList
                    ? contains(other.list, number)
                    : in_bounds(other.range, number) && (!other.range.multiple_of || is_whole(number));
      if (in) both.list.push_back(number);
    }
    return both.list.empty() ? none() : both;
  }
  TRY_ASSIGN(DfaPtr first, automaton(a));
  TRY_ASSIGN(DfaPtr second, automaton(b));
  TRY_ASSIGN(DfaPtr both, automata_.intersect(first, second));
  return from(both);
}

bool NumberDomain::disjoint(const Value& a, const Value& b) {
  if (is_none(a) || is_none(b)) return true;
  Result<Value> both = intersect(a, b);
  return both && is_none(*both);
}

Result<NumberValue> NumberDomain::positive(const Atom& atom) {
  if (const auto* types = std::get_if<TypesAtom>(&atom.what)) {
    if ((types->types & kNumber) == 0) return none();
    if (!types->integers_only) return all();
    Value integers{Kind::kRange, {}, {}, nullptr};
    integers.range.multiple_of = Decimal{false, "1", 0};
    integers.plain = types->plain_integers;
    return integers;
  }
  if (const auto* scalars = std::get_if<ScalarsAtom>(&atom.what)) {
    if (scalars->numbers.empty()) return none();
    Value list{Kind::kList, {}, {}, nullptr};
    list.list = scalars->numbers;
    std::sort(list.list.begin(), list.list.end(), is_less);
    auto equal = [](const Decimal& x, const Decimal& y) { return compare(x, y) == 0; };
    list.list.erase(std::unique(list.list.begin(), list.list.end(), equal), list.list.end());
    return list;
  }
  if (const auto* numbers = std::get_if<NumbersAtom>(&atom.what)) {
    Value range{Kind::kRange, numbers->set, {}, nullptr};
    if (!has_values(range.range)) return none();
    if (range.range.multiple_of && !is_one(*range.range.multiple_of)) {  // the one kind that can be beyond a limit
      Result<DfaPtr> made = automata_.number(range.range);
      if (!made) {
        TRY(automata_.budget().spend(1));  // rather than the number's fault
        unenforced_.add(atom, made.error().message);
        return all();
      }
    }
    return range;
  }
  return all();
}

Result<NumberValue> NumberDomain::atom(const Atom& atom, Literal literal) {
  TRY_ASSIGN(Value value, positive(atom));
  bool unknown = std::holds_alternative<UnknownAtom>(atom.what) ||
                 (std::holds_alternative<NumbersAtom>(atom.what) && value.kind == Kind::kAll);
  if (!literal.negative() || unknown) return value;
  if (value.kind == Kind::kAll) return none();
  if (is_none(value)) return all();
  TRY_ASSIGN(DfaPtr numbers, automaton(value));
  TRY_ASSIGN(DfaPtr others, automata_.subtract(automata_.all_numbers(), numbers));
  return from(others);
}

}  // namespace weft::schema
