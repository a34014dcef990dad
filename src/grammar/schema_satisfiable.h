// Whether an array or object shape has values, when it is known of which values of its parts there are any.
#pragma once

#include <vector>

#include "base/status.h"
#include "grammar/schema_automata.h"
#include "grammar/value_grammar.h"

namespace weft::schema {

class Inhabited {
 public:
  explicit Inhabited(size_t values) : known_(values, 0) {}
  bool operator[](ValueId value) const { return value >= 0 && known_[static_cast<size_t>(value)] != 0; }
  bool any(const std::vector<EntryChoice>& choices) const;
  void add(ValueId value) { known_[static_cast<size_t>(value)] = 1; }

 private:
  std::vector<uint8_t> known_;
};

// The most items that an array may have, as far as its items allow; conditions apart.
std::optional<int64_t> most_items(const ValueGrammar& grammar, const ArrayShape& shape, const Inhabited& inhabited);
Result<bool> is_satisfiable(const ValueGrammar& grammar, const ArrayShape& shape, const Inhabited& inhabited,
                            Budget& budget);

// Which properties can be there, and which have to be, dependencies considered.
struct Presence {
  std::vector<uint8_t> possible, required;
};
// No value: the shape has no object.
Result<std::optional<Presence>> presence(const ObjectShape& shape, const Inhabited& inhabited, Budget& budget);

}  // namespace weft::schema
