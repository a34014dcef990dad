// A schema as Boolean formulas over atoms: what json_schema.h's compiler computes with between reading and building.
//
// An atom says something about values of one type and holds for values of all others (`type` and `enum` say something
// about every type). The formula graph is acyclic: recursion goes through atoms that speak of parts of a value.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/json.h"
#include "grammar/regex.h"

namespace weft::schema {

// Sets of JSON types; true and false are types of their own.
using TypeMask = uint8_t;
constexpr TypeMask kNull = 1, kTrueValue = 2, kFalseValue = 4, kNumber = 8, kString = 16, kArray = 32, kObject = 64;
constexpr TypeMask kBoolean = kTrueValue | kFalseValue, kEveryType = 127;

// A formula (`id` = code / 2) or its negation (odd codes).
struct Literal {
  int32_t code = 0;
  size_t id() const { return static_cast<size_t>(code >> 1); }
  bool negative() const { return (code & 1) != 0; }
  Literal operator!() const { return {code ^ 1}; }
  auto operator<=>(const Literal&) const = default;
};
constexpr Literal kTrue{0}, kFalse{1};
using Literals = std::vector<Literal>;

struct TypesAtom {
  TypeMask types = kEveryType;
  bool integers_only = false;   // of the numbers
  bool plain_integers = false;  // and only as digits: to draft 4, 1.0 is no integer
};
struct ScalarsAtom {       // an enum's scalars: no other value
  TypeMask constants = 0;  // of kNull, kTrueValue, kFalseValue
  std::vector<Decimal> numbers;
  std::vector<std::string> strings;
};
struct NumbersAtom {
  NumberSet set;
};
struct LengthAtom {  // characters
  int64_t min = 0;
  std::optional<int64_t> max;
};
struct PatternAtom {
  std::string pattern;
};
struct FormatAtom {
  std::string format;
};
struct PropertiesAtom {  // every property's value is accepted by the schema of its key
  std::vector<std::pair<std::string, Literal>> properties;  // sorted
  std::vector<std::pair<std::string, Literal>> patterns;
  Literal additional = kTrue;  // of keys that are neither

  const Literal* find(std::string_view key) const;
};
struct RequiredAtom {
  std::string key;
};
struct NamesAtom {
  Literal names;
};
struct PropertyCountAtom {
  int64_t min = 0;
  std::optional<int64_t> max;
};
struct DependencyAtom {
  std::string key;
  std::vector<std::string> needs;
};
struct ItemsAtom {
  Literals prefix;
  Literal rest = kTrue;
};
struct ContainsAtom {
  Literal item;
  int64_t min = 1;
  std::optional<int64_t> max;
};
struct ItemCountAtom {
  int64_t min = 0;
  std::optional<int64_t> max;
};
struct UniqueAtom {};
struct UnknownAtom {  // a keyword that is not enforced: neither it nor its negation excludes any value of the types
  TypeMask types = kEveryType;
};

struct Atom {
  std::variant<UnknownAtom, TypesAtom, ScalarsAtom, NumbersAtom, LengthAtom, PatternAtom, FormatAtom, PropertiesAtom,
               RequiredAtom, NamesAtom, PropertyCountAtom, DependencyAtom, ItemsAtom, ContainsAtom, ItemCountAtom,
               UniqueAtom>
      what;
  std::string path, keyword;  // where it is from
  TypeMask domain() const;    // the types it says something about
};

struct Formula {
  enum class Kind : uint8_t { kAlways, kAnd, kOr, kOneOf, kIfThenElse, kAtom };
  Kind kind = Kind::kAlways;
  Literals children;  // kIfThenElse: three
  int32_t atom = -1;
};

class Formulas {
 public:
  Formulas();
  size_t size() const { return formulas_.size(); }
  const Formula& operator[](Literal literal) const { return formulas_[literal.id()]; }
  // Of a literal whose formula is an atom. Stays where it is.
  const Atom& atom(Literal literal) const { return atoms_[static_cast<size_t>(formulas_[literal.id()].atom)]; }

  Literal conjunction(Literals children);
  Literal disjunction(Literals children);
  Literal combine(Formula::Kind kind, Literals children);
  // Equal atoms are one formula where `key` (of the kind and the contents) is given.
  Literal atom(Atom atom, const std::string& key = {});
  Literal required(const std::string& key);

  // A conjunction whose parts come later.
  Literal reserve();
  void define(Literal reserved, Literals children);

  // The conjunction as a sorted set of what is neither true nor itself a conjunction. No value: it is plainly false.
  std::optional<Literals> flatten(const Literals& conjunction) const;
  // An ancestor of itself through in-place keywords only; no value where there is none.
  std::optional<size_t> find_cycle() const;

 private:
  std::vector<Formula> formulas_;
  std::deque<Atom> atoms_;  // stay where they are
  std::unordered_map<std::string, Literal> interned_;
};

}  // namespace weft::schema
