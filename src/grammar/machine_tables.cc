#include "grammar/machine_tables.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "grammar/container_rules.h"
#include "grammar/unique_tables.h"
#include "grammar/word_count.h"

namespace weft {

namespace {

// Texts of other keys up to this number become properties, which are exact about keys that are used up.
constexpr size_t kMaxKeysMadeProperties = 256;
constexpr int32_t kUnbounded = INT32_MAX;

bool begins_char(int byte) { return (byte & 0xC0) != 0x80; }

// For each state the characters that begin before a text's end: the shortest by a search from the ends, the longest by
// taking away states whose successors are all bounded.
std::vector<MachineTables::CharsLeft> count_chars_left(const Dfa& dfa) {
  auto num_states = static_cast<size_t>(dfa.num_states());
  std::vector<MachineTables::CharsLeft> left(num_states);
  std::vector<std::map<int32_t, bool>> successors(num_states);  // state -> does a character begin on the way
  std::vector<std::vector<std::pair<size_t, int32_t>>> predecessors(num_states);
  for (size_t s = 0; s < num_states; ++s) {
    for (int byte = 0; byte < 256; ++byte) {
      int32_t to = dfa.step(static_cast<int32_t>(s), static_cast<uint8_t>(byte));
      if (to >= 0) successors[s].emplace(to, begins_char(byte));
    }
    for (auto [to, begins] : successors[s]) predecessors[static_cast<size_t>(to)].emplace_back(s, begins ? 1 : 0);
    if (dfa.accepting[s] != 0) left[s].min = 0;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t s = num_states; s-- > 0;) {
      for (auto [to, begins] : successors[s]) {
        int32_t after = left[static_cast<size_t>(to)].min;
        if (after == kUnbounded || after + (begins ? 1 : 0) >= left[s].min) continue;
        left[s].min = after + (begins ? 1 : 0);
        changed = true;
      }
    }
  }
  std::vector<size_t> open(num_states), bounded;
  for (size_t s = 0; s < num_states; ++s) {
    open[s] = successors[s].size();
    if (open[s] == 0) bounded.push_back(s);
  }
  std::vector<uint8_t> is_bounded(num_states, 0);
  while (!bounded.empty()) {
    size_t s = bounded.back();
    bounded.pop_back();
    is_bounded[s] = 1;
    for (auto [from, cost] : predecessors[s]) {
      left[from].max = std::max(left[from].max, left[s].max + cost);
      if (--open[from] == 0) bounded.push_back(from);
    }
  }
  for (size_t s = 0; s < num_states; ++s) {
    if (is_bounded[s] == 0) left[s].max = kUnbounded;
  }
  return left;
}

// Are all numbers between the shortest and the longest possible? They are when this holds from each state to the next.
bool lengths_have_no_gaps(const Dfa& dfa, const std::vector<MachineTables::CharsLeft>& left) {
  for (size_t s = 0; s < left.size(); ++s) {
    std::vector<std::pair<int64_t, int64_t>> ranges;
    if (dfa.accepting[s] != 0) ranges.emplace_back(0, 0);
    for (int byte = 0; byte < 256; ++byte) {
      int32_t to = dfa.step(static_cast<int32_t>(s), static_cast<uint8_t>(byte));
      if (to < 0) continue;
      int64_t cost = begins_char(byte) ? 1 : 0;
      const auto& after = left[static_cast<size_t>(to)];
      ranges.emplace_back(after.min + cost, after.max == kUnbounded ? INT64_MAX / 2 : after.max + cost);
    }
    std::sort(ranges.begin(), ranges.end());
    int64_t reached = ranges.empty() ? 0 : ranges.front().second;
    for (auto [first, last] : ranges) {
      if (first > reached + 1) return false;
      reached = std::max(reached, last);
    }
  }
  return true;
}

}  // namespace

class TableBuilder {
 public:
  explicit TableBuilder(MachineTables& tables) : t_(tables) {}

  Status build() {
    if (t_.grammar_.values.values.size() > t_.limits_.values) {
      return make_error(ErrorCode::kGrammarTooComplex, "The schema needs {} shapes of values, more than {}.",
                        t_.grammar_.values.values.size(), t_.limits_.values);
    }
    t_.automata_ = t_.grammar_.automata;
    t_.any_text_ = add_automaton(std::make_shared<const Dfa>(dfa::any_text()));
    find_nullable();
    for (const ValueShape& shape : t_.grammar_.values.values) TRY(add_value(shape));
    for (ArrayTable& table : t_.arrays_) {
      if (table.shape->unique) TRY(find_item_keys(table));
    }
    find_heights();
    for (ObjectTable& table : t_.objects_) finish_object(table);
    for (ArrayTable& table : t_.arrays_) finish_array(table);
    count_memory();
    if (t_.memory_bytes_ > t_.limits_.memory_bytes) {
      return make_error(ErrorCode::kGrammarTooComplex, "The grammar's tables need {} MiB, more than {}.",
                        t_.memory_bytes_ >> 20, t_.limits_.memory_bytes >> 20);
    }
    return {};
  }

 private:
  int32_t add_automaton(const DfaPtr& automaton) {
    auto [at, added] = known_.emplace(automaton.get(), static_cast<int32_t>(t_.automata_.size()));
    if (added) t_.automata_.push_back(automaton);
    return at->second;
  }

  bool nullable_now(const Expression& expression) const {
    auto child = [&](ExpressionId id) { return t_.nullable_[static_cast<size_t>(id)] != 0; };
    switch (expression.kind) {
      case Expression::Kind::kText:
        return t_.automaton(expression.index).accepting[0] != 0;
      case Expression::Kind::kToken:
      case Expression::Kind::kValue:
        return false;
      case Expression::Kind::kSequence:
        return std::all_of(expression.children.begin(), expression.children.end(), child);
      case Expression::Kind::kChoice:
        return std::any_of(expression.children.begin(), expression.children.end(), child);
      case Expression::Kind::kRepeat:
        return expression.min == 0 || child(expression.children[0]);
      case Expression::Kind::kRule:
        return child(t_.grammar_.rules[static_cast<size_t>(expression.index)]);
    }
    return false;
  }

  void find_nullable() {
    const std::vector<Expression>& expressions = t_.grammar_.expressions;
    t_.nullable_.assign(expressions.size(), 0);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = expressions.size(); i-- > 0;) {
        if (t_.nullable_[i] != 0 || !nullable_now(expressions[i])) continue;
        t_.nullable_[i] = 1;
        changed = true;
      }
    }
  }

  Status add_string(const StringShape& shape) {
    StringTable table;
    DfaPtr text = shape.text;
    table.automaton = text == nullptr ? t_.any_text_ : add_automaton(text);
    table.ranged = shape.min_chars > 0 || shape.max_chars.has_value();
    table.min_chars = shape.min_chars;
    table.max_chars = shape.max_chars;
    if (table.ranged && text != nullptr) {
      auto left = count_chars_left(*text);
      if (shape.min_chars > 0 && shape.max_chars && !lengths_have_no_gaps(*text, left)) {
        TRY_ASSIGN(Dfa lengths, dfa::text_length(shape.min_chars, shape.max_chars, t_.limits_));
        TRY_ASSIGN(Dfa both, dfa::intersect(*text, lengths, t_.limits_));
        table.automaton = add_automaton(std::make_shared<const Dfa>(std::move(both)));
        table.ranged = false;
      }
    }
    if (table.ranged) {
      t_.chars_left_.resize(t_.automata_.size());
      auto& left = t_.chars_left_[static_cast<size_t>(table.automaton)];
      if (left.empty()) left = count_chars_left(t_.automaton(table.automaton));
    }
    t_.strings_.push_back(std::move(table));
    return {};
  }

  Status add_value(const ValueShape& shape) {
    ValueTable value;
    if (shape.number != nullptr) value.number = add_automaton(shape.number);
    value.first_string = static_cast<int32_t>(t_.strings_.size());
    for (const StringShape& string : shape.strings) TRY(add_string(string));
    value.num_strings = static_cast<int32_t>(shape.strings.size());
    value.first_array = static_cast<int32_t>(t_.arrays_.size());
    for (const ArrayShape& array : shape.arrays) {
      t_.arrays_.push_back({.shape = &array, .plain = array.conditions.empty()});
    }
    value.num_arrays = static_cast<int32_t>(shape.arrays.size());
    value.first_object = static_cast<int32_t>(t_.objects_.size());
    for (const ObjectShape& object : shape.objects) add_object(object);
    value.num_objects = static_cast<int32_t>(shape.objects.size());
    t_.values_.push_back(value);
    return {};
  }

  void add_object(const ObjectShape& shape) {
    ObjectTable table;
    table.shape = shape;
    table.plain = shape.conditions.empty() && !shape.max_properties;
    make_few_keys_properties(table.shape);
    if (!table.shape.classes.empty()) {
      table.other_automaton = table.shape.other_keys == nullptr ? t_.any_text_ : add_automaton(table.shape.other_keys);
    }
    table.keys = KeyTrie::build(table.shape.properties);
    size_t properties = table.shape.properties.size();
    table.required.assign((properties + 63) / 64, 0);
    table.needs.resize(properties);
    for (size_t i = 0; i < properties; ++i) {
      if (table.shape.properties[i].required) table.required[i / 64] |= uint64_t{1} << (i % 64);
    }
    close_dependencies(table);
    t_.objects_.push_back(std::move(table));
  }

  static void make_few_keys_properties(ObjectShape& shape) {
    if (shape.other_keys == nullptr || shape.classes.empty()) return;
    auto texts = dfa::enumerate(*shape.other_keys, kMaxKeysMadeProperties);
    if (!texts) return;
    size_t before = shape.properties.size();
    std::vector<std::pair<ObjectShape::Property, size_t>> all;  // with the index that dependencies know
    for (size_t i = 0; i < before; ++i) all.emplace_back(std::move(shape.properties[i]), i);
    for (const std::string& key : *texts) {
      auto is_key = [&](const auto& entry) { return entry.first.key == key; };
      if (std::any_of(all.begin(), all.begin() + static_cast<ptrdiff_t>(before), is_key)) continue;
      auto label = static_cast<size_t>(shape.other_keys->accepting[static_cast<size_t>(shape.other_keys->run(0, key))]);
      all.emplace_back(ObjectShape::Property{key, shape.classes[label - 1], false}, all.size());
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first.key < b.first.key; });
    std::vector<int32_t> place(all.size());
    shape.properties.clear();
    for (size_t i = 0; i < all.size(); ++i) {
      place[all[i].second] = static_cast<int32_t>(i);
      shape.properties.push_back(std::move(all[i].first));
    }
    for (auto& dependency : shape.dependencies) {
      dependency.trigger = place[static_cast<size_t>(dependency.trigger)];
      for (int32_t& need : dependency.needs) need = place[static_cast<size_t>(need)];
    }
    shape.classes.clear();
    shape.other_keys = nullptr;
  }

  static void close_dependencies(ObjectTable& table) {
    std::vector<std::vector<int32_t>> direct(table.needs.size());
    for (const auto& dependency : table.shape.dependencies) {
      auto& needs = direct[static_cast<size_t>(dependency.trigger)];
      needs.insert(needs.end(), dependency.needs.begin(), dependency.needs.end());
    }
    std::vector<uint8_t> found(direct.size());
    for (size_t i = 0; i < direct.size(); ++i) {
      if (direct[i].empty()) continue;
      std::fill(found.begin(), found.end(), 0);
      found[i] = 1;
      std::vector<int32_t> waiting = direct[i];
      while (!waiting.empty()) {
        auto at = static_cast<size_t>(waiting.back());
        waiting.pop_back();
        if (found[at] != 0) continue;
        found[at] = 1;
        table.needs[i].push_back(static_cast<int32_t>(at));
        waiting.insert(waiting.end(), direct[at].begin(), direct[at].end());
      }
    }
  }

  // Round n finds the arrays and objects, and so the values, of height n.
  void find_heights() {
    std::vector<ValueTable>& values = t_.values_;
    for (size_t v = 0; v < values.size(); ++v) {
      const ValueShape& shape = t_.grammar_.values.values[v];
      if (shape.null || shape.true_value || shape.false_value || values[v].number >= 0 || values[v].num_strings > 0) {
        values[v].height = 0;
      }
    }
    bool found = true;
    for (int32_t height = 1; found && height <= t_.limits_.json_depth; ++height) {
      found = false;
      std::vector<size_t> reached;
      for (size_t v = 0; v < values.size(); ++v) {
        if (find_parts_of_height(values[v], height)) reached.push_back(v);
      }
      found = !reached.empty();
      for (size_t v : reached) values[v].height = std::min(values[v].height, height);
      if (found) t_.max_height_ = height;
    }
  }

  bool find_parts_of_height(const ValueTable& value, int32_t height) {
    ContainerRules rules(t_.values_);
    bool found = false;
    for (int32_t i = 0; i < value.num_arrays; ++i) {
      ArrayTable& table = t_.arrays_[static_cast<size_t>(value.first_array + i)];
      if (table.height != kInfiniteHeight) continue;
      set_longest(table, height - 1);
      if (!rules.array_can_finish(table, 0, no_counts(table.shape->conditions), height - 1)) continue;
      table.height = height;
      found = true;
    }
    for (int32_t i = 0; i < value.num_objects; ++i) {
      ObjectTable& table = t_.objects_[static_cast<size_t>(value.first_object + i)];
      if (table.height != kInfiniteHeight) continue;
      ConditionCounts counts = no_counts(table.shape.conditions);
      if (!rules.object_can_finish(table, {.seen = {}, .count = 0, .counts = &counts}, height - 1)) continue;
      table.height = height;
      found = true;
    }
    return found;
  }

  void set_longest(ArrayTable& table, int32_t room) {
    ContainerRules rules(t_.values_);
    const ArrayShape& shape = *table.shape;
    table.longest = shape.max_items.value_or(INT64_MAX);
    for (size_t i = 0; i <= shape.prefix.size(); ++i) {
      const auto& choices = i < shape.prefix.size() ? shape.prefix[i] : shape.rest;
      if (rules.any_may_enter(choices, room)) continue;
      table.longest = std::min(table.longest, static_cast<int64_t>(i));
      break;
    }
    if (!table.item_keys.empty() && table.item_keys.back()) {  // each item but those of the prefix uses up one
      auto possible = static_cast<int64_t>(shape.prefix.size() + table.item_keys.back()->size());
      table.longest = std::min(table.longest, possible);
    }
  }

  Status find_item_keys(ArrayTable& table) {
    const ArrayShape& shape = *table.shape;
    for (size_t i = 0; i <= shape.prefix.size(); ++i) {
      std::optional<std::vector<uint64_t>> all(std::in_place);
      for (const EntryChoice& choice : i < shape.prefix.size() ? shape.prefix[i] : shape.rest) {
        TRY(prepare_unique_value(choice.value));
        const ValueTable& value = t_.value(choice.value);
        auto keys = few_values(t_.grammar_.values.values[static_cast<size_t>(choice.value)],
                               value.unique_number < 0 ? nullptr : &t_.automaton(value.unique_number));
        if (keys && all) all->insert(all->end(), keys->begin(), keys->end());
        if (!keys) all.reset();
      }
      if (all) {
        std::sort(all->begin(), all->end());
        all->erase(std::unique(all->begin(), all->end()), all->end());
      }
      table.item_keys.push_back(std::move(all));
    }
    return {};
  }

  Status prepare_unique_value(ValueId id) {
    ValueTable& value = t_.values_[static_cast<size_t>(id)];
    if (value.number >= 0 && value.unique_number < 0) {
      TRY_ASSIGN(Dfa number, one_text_per_number(t_.automaton(value.number), t_.limits_));
      value.unique_number = add_automaton(std::make_shared<const Dfa>(std::move(number)));
      t_.words_left_[value.unique_number] = count_words(t_.automaton(value.unique_number));
    }
    for (int32_t i = 0; i < value.num_strings; ++i) {
      int32_t automaton = t_.strings_[static_cast<size_t>(value.first_string + i)].automaton;
      if (!t_.words_left_.contains(automaton)) t_.words_left_[automaton] = count_words(t_.automaton(automaton));
    }
    return {};
  }

  void finish_array(ArrayTable& table) {
    set_longest(table, kInfiniteHeight - 1);
    const ArrayShape& shape = *table.shape;
    int64_t last = std::max(static_cast<int64_t>(shape.prefix.size()), shape.min_items);
    if (table.longest < INT64_MAX) last = std::max(last, table.longest);
    table.last_index = static_cast<int32_t>(std::min<int64_t>(last, INT32_MAX - 1));
  }

  void finish_object(ObjectTable& table) {
    ContainerRules rules(t_.values_);
    const int32_t room = kInfiniteHeight - 1;
    table.possible.assign(table.required.size(), 0);
    for (size_t i = 0; i < table.needs.size(); ++i) {
      bool possible = rules.any_may_enter(table.shape.properties[i].choices, room);
      for (int32_t need : table.needs[i]) {
        possible = possible && rules.any_may_enter(table.shape.properties[static_cast<size_t>(need)].choices, room);
      }
      if (possible) table.possible[i / 64] |= uint64_t{1} << (i % 64);
    }
    if (table.other_automaton >= 0) find_label_reach(table);
  }

  void find_label_reach(ObjectTable& table) {
    ContainerRules rules(t_.values_);
    const Dfa& automaton = t_.automaton(table.other_automaton);
    auto num_states = static_cast<size_t>(automaton.num_states());
    table.label_reach.assign(num_states, 0);
    table.other_keys_free = table.shape.classes.size() <= 64;
    for (size_t s = 0; s < num_states; ++s) {
      uint8_t label = automaton.accepting[s];
      if (label == 0) continue;
      if (label <= table.shape.classes.size() &&
          rules.any_may_enter(table.shape.classes[label - 1u], kInfiniteHeight - 1)) {
        table.label_reach[s] = uint64_t{1} << std::min(label - 1, 63);
      } else {
        table.other_keys_free = false;
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t s = num_states; s-- > 0;) {
        uint64_t reach = table.label_reach[s];
        for (int32_t c = 0; c < automaton.num_classes; ++c) {
          int32_t to = automaton.next[s * static_cast<size_t>(automaton.num_classes) + static_cast<size_t>(c)];
          if (to >= 0) reach |= table.label_reach[static_cast<size_t>(to)];
        }
        changed = changed || reach != table.label_reach[s];
        table.label_reach[s] = reach;
      }
    }
  }

  void count_memory() {
    size_t bytes = sizeof(MachineTables);
    for (const DfaPtr& automaton : t_.automata_) bytes += automaton->memory_bytes();
    for (const ObjectTable& table : t_.objects_) {
      bytes += sizeof(ObjectTable) + table.label_reach.size() * 8;
      bytes += table.keys.nodes.size() * (sizeof(KeyTrie::Node) + sizeof(KeyTrie::Child));
      for (const auto& p : table.shape.properties) {
        bytes += 2 * (sizeof(p) + p.key.size() + p.choices.size() * sizeof(EntryChoice));
      }
    }
    for (const auto& left : t_.chars_left_) bytes += left.size() * sizeof(MachineTables::CharsLeft);
    bytes += t_.values_.size() * (sizeof(ValueTable) + sizeof(ValueShape));
    bytes += t_.strings_.size() * (sizeof(StringTable) + sizeof(StringShape));
    bytes += t_.arrays_.size() * (sizeof(ArrayTable) + sizeof(ArrayShape));
    bytes += t_.grammar_.expressions.size() * (sizeof(Expression) + 2 * sizeof(ExpressionId));
    t_.memory_bytes_ = bytes;
  }

  MachineTables& t_;
  std::unordered_map<const Dfa*, int32_t> known_;
};

Result<std::shared_ptr<const MachineTables>> MachineTables::build(Grammar grammar, const GrammarLimits& limits) {
  std::shared_ptr<MachineTables> tables(new MachineTables());
  tables->grammar_ = std::move(grammar);
  tables->limits_ = limits;
  TRY(TableBuilder(*tables).build());
  return std::shared_ptr<const MachineTables>(std::move(tables));
}

}  // namespace weft
