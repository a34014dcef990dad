// What a grammar machine looks up while it runs: a Grammar with everything that can be known before the first byte.
// Immutable and shared by all states of the grammar.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/dfa.h"
#include "grammar/grammar.h"

namespace weft {

constexpr int32_t kInfiniteHeight = INT32_MAX / 2;

// A string shape with its automaton; lengths are looked at only where `ranged`.
struct StringTable {
  int32_t automaton = 0;
  bool ranged = false;
  int64_t min_chars = 0;
  std::optional<int64_t> max_chars;
};

struct ArrayTable {
  const ArrayShape* shape = nullptr;
  bool plain = true;  // no conditions
  int32_t height = kInfiniteHeight;
  int64_t longest = 0;  // items that there may be: max_items, or the first position that nothing can fill
  // Where items have to differ: by position (the last one: of all after the prefix) the keys (json_value_key.h) of the
  // items that are possible; no value: too many, or arrays and objects are among them.
  std::vector<std::optional<std::vector<uint64_t>>> item_keys;
  int32_t last_index = 0;  // positions from here on are alike
};

// The properties' keys, and those of which an object may still have one, by prefix.
struct KeyTrie {
  struct Node {
    int32_t first_child = 0, num_children = 0;  // in `children`
    int32_t first = 0, last = 0;                // properties with this prefix
    int32_t property = -1;                      // the key that ends here
  };
  struct Child {
    uint8_t byte;
    int32_t node;
  };
  std::vector<Node> nodes;  // 0: the root
  std::vector<Child> children;

  static KeyTrie build(const std::vector<ObjectShape::Property>& properties);  // sorted by key
  int32_t step(int32_t node, uint8_t byte) const;                              // -1: no such key
};

struct ObjectTable {
  ObjectShape shape;  // with the texts of a small other_keys as properties
  KeyTrie keys;
  bool plain = true;  // no conditions, no limit on the number of properties
  int32_t height = kInfiniteHeight;
  int32_t other_automaton = -1;       // -1: no other keys
  bool other_keys_free = false;       // every key that other_automaton accepts is of a class that can be filled
  std::vector<uint64_t> required;     // bit per property
  std::vector<uint64_t> possible;     // may be present: it and all that it needs can be filled
  std::vector<uint64_t> label_reach;  // by state of other_automaton: bit l-1 where a key of class l can be reached
  // By property: the properties that have to be present with it, itself left out; empty where there are none.
  std::vector<std::vector<int32_t>> needs;
};

struct ValueTable {
  int32_t number = -1;         // automaton
  int32_t unique_number = -1;  // of items that have to differ: each number in one way of writing only
  int32_t first_string = 0, num_strings = 0;
  int32_t first_array = 0, num_arrays = 0;
  int32_t first_object = 0, num_objects = 0;
  int32_t height = kInfiniteHeight;  // arrays and objects that its simplest value nests
};

class MachineTables {
 public:
  // kGrammarTooComplex beyond a limit; kInvalidValue when nothing matches the grammar.
  static Result<std::shared_ptr<const MachineTables>> build(Grammar grammar, const GrammarLimits& limits);

  const Grammar& grammar() const { return grammar_; }
  const GrammarLimits& limits() const { return limits_; }
  const Dfa& automaton(int32_t index) const { return *automata_[static_cast<size_t>(index)]; }
  int32_t any_text() const { return any_text_; }  // the automaton of all texts
  int32_t num_automata() const { return static_cast<int32_t>(automata_.size()); }
  // Characters that begin between a state of a ranged string's automaton and the end of a text; all numbers between
  // the two are possible.
  struct CharsLeft {
    int32_t min = INT32_MAX;
    int32_t max = 0;  // INT32_MAX: no bound
  };
  CharsLeft chars_left(int32_t automaton, int32_t state) const {
    return chars_left_[static_cast<size_t>(automaton)][static_cast<size_t>(state)];
  }
  // How many texts there are from a state on; asked of what can be an item that has to differ.
  int64_t words_left(int32_t automaton, int32_t state) const {
    auto known = words_left_.find(automaton);
    return known == words_left_.end() ? INT64_MAX : known->second[static_cast<size_t>(state)];
  }
  bool nullable(ExpressionId expression) const { return nullable_[static_cast<size_t>(expression)] != 0; }
  const std::vector<ValueTable>& values() const { return values_; }
  const ValueTable& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  const StringTable& string(int32_t index) const { return strings_[static_cast<size_t>(index)]; }
  const ArrayTable& array(int32_t index) const { return arrays_[static_cast<size_t>(index)]; }
  const ObjectTable& object(int32_t index) const { return objects_[static_cast<size_t>(index)]; }
  int32_t max_height() const { return max_height_; }  // of all values that have one
  const Dfa* whitespace() const { return grammar_.whitespace.pattern.get(); }
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  friend class TableBuilder;
  MachineTables() = default;

  Grammar grammar_;
  GrammarLimits limits_;
  std::vector<DfaPtr> automata_;
  int32_t any_text_ = 0;
  std::vector<std::vector<CharsLeft>> chars_left_;                // by automaton; empty where it is never asked
  std::unordered_map<int32_t, std::vector<int64_t>> words_left_;  // by automaton
  std::vector<uint8_t> nullable_;
  std::vector<ValueTable> values_;
  std::vector<StringTable> strings_;
  std::vector<ArrayTable> arrays_;
  std::vector<ObjectTable> objects_;
  int32_t max_height_ = 0;
  size_t memory_bytes_ = 0;
};

}  // namespace weft
