// The JSON values that a schema accepts, in a normal form that a machine can follow byte by byte without ever reaching
// a dead end: what json_schema.h makes of a schema, and machine.h runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "grammar/dfa.h"

namespace weft {

// Index into ValueGrammar::values.
using ValueId = int32_t;
constexpr ValueId kNoValue = -1;  // no JSON value is accepted

// An entry may satisfy counted conditions (contains, "some property such that ..."): bit i of `counts` adds one to
// condition i. Several choices for one entry are alternatives.
struct EntryChoice {
  ValueId value = kNoValue;
  uint32_t counts = 0;
};
struct CountedCondition {  // at most 32 in one shape; in objects at most 10, each with min 1 and no max
  int64_t min = 1;
  std::optional<int64_t> max;
};

// Strings whose text (escapes decoded, UTF-8) is in `text`, and whose number of characters is in the range.
struct StringShape {
  DfaPtr text;  // null: any text
  int64_t min_chars = 0;
  std::optional<int64_t> max_chars;
};

struct ArrayShape {
  std::vector<std::vector<EntryChoice>> prefix;  // by position
  std::vector<EntryChoice> rest;                 // of positions after the prefix; empty: there are none
  int64_t min_items = 0;
  std::optional<int64_t> max_items;
  std::vector<CountedCondition> conditions;
  bool unique = false;
};

// Objects, their properties in any order, no key twice.
struct ObjectShape {
  struct Property {
    std::string key;                   // UTF-8
    std::vector<EntryChoice> choices;  // empty: the key is forbidden
    bool required = false;
  };
  std::vector<Property> properties;  // sorted by key
  // Keys that are no property: `other_keys` accepts them with the label of their class, 1-based into `classes`; null:
  // every key has class 1 (of `classes`, empty: no other key). A key that it does not accept is forbidden.
  DfaPtr other_keys;
  std::vector<std::vector<EntryChoice>> classes;
  int64_t min_properties = 0;
  std::optional<int64_t> max_properties;
  std::vector<CountedCondition> conditions;
  // When properties[trigger] is present, so are properties[needs].
  struct Dependency {
    int32_t trigger;
    std::vector<int32_t> needs;
  };
  std::vector<Dependency> dependencies;
};

// A union of the parts that are set. Every part has at least one value (unsatisfiable parts are left out), and so has
// every choice; what may still lead nowhere is what the counts, conditions and uniqueness of one array or object leave
// over (which items are still needed, which values are still unused).
struct ValueShape {
  bool null = false, true_value = false, false_value = false;
  DfaPtr number;  // over the literal's bytes; null: no number
  std::vector<StringShape> strings;
  std::vector<ArrayShape> arrays;
  std::vector<ObjectShape> objects;
  bool is_any = false;  // every JSON value (the other members say so too); machines may take a short way
};

struct ValueGrammar {
  std::vector<ValueShape> values;
  ValueId root = kNoValue;
};

}  // namespace weft
