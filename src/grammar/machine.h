// Follows a text byte by byte through a grammar. Sound: a byte is taken only if some continuation is accepted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "grammar/container_rules.h"
#include "grammar/frame.h"
#include "grammar/machine_tables.h"
#include "grammar/state_arena.h"

namespace weft {

// The stacks' memory and the rules of one step. Threads live with the caller, who may walk many texts from one state
// and take back what a walk left in the arena. Used by one thread at a time; copies are independent.
class Machine {
 public:
  explicit Machine(std::shared_ptr<const MachineTables> tables);

  const MachineTables& tables() const { return *tables_; }
  StateArena& arena() { return arena_; }
  const StateArena& arena() const { return arena_; }

  // The threads at the start of a text.
  std::vector<Frame> start();
  // Replaces `out` by the threads after `byte`; empty when it is not legal.
  void step(std::span<const Frame> threads, uint8_t byte, std::vector<Frame>& out);
  // The threads after a token that the grammar names.
  void step_token(std::span<const Frame> threads, int32_t token, std::vector<Frame>& out);
  // Whether the text may end here.
  bool can_end(std::span<const Frame> threads) const;
  // True once a step needed more threads than the limits allow; such a step gives none.
  bool overflowed() const { return overflowed_; }
  // Forgets what was remembered about frames beyond `mark`, and the frames.
  void take_back(const StateArena::Mark& mark);
  void compact(std::vector<Frame>& threads);

  // The threads after the string or text on top of `thread`, if it ended here. Not for threads with a record.
  void end_top(const Frame& thread, std::vector<Frame>& out);
  // Whether an object may have any key that its automaton of other keys accepts, but for those that it has already.
  bool other_keys_are_free(const Frame& object);

 private:
  struct Admitted {  // which keys an object may have next
    std::vector<uint64_t> properties;
    uint64_t labels = 0;
  };

  // machine.cc
  void step_one(const Frame& thread, uint8_t byte);
  void emit(Frame thread, uint8_t byte);
  void finish_step(std::vector<Frame>& out);
  bool read_whitespace(Frame& thread, uint8_t byte);
  bool whitespace_may_end(int32_t ws) const;
  void step_value(const Frame& thread, uint8_t byte);
  // `unique`: as an item of an array of unique items, itself.
  void start_value(ValueId value, const Frame& under, uint8_t byte, bool unique = false);
  void step_literal(Frame thread, uint8_t byte);
  void step_number(Frame thread, uint8_t byte);
  void close_value(Frame thread, uint8_t byte);
  // The array or object under a value that is complete; false when the value must not end here.
  bool pop_container(const Frame& thread, Frame& container);
  int32_t push(Frame frame);
  int32_t room(const Frame& container) const { return tables_->limits().json_depth - container.depth; }

  // json_strings.cc
  void step_string(Frame thread, uint8_t byte);
  void step_key(Frame thread, uint8_t byte);
  void end_key(const Frame& thread);
  bool key_is_alive(const Frame& thread);
  bool key_escape_is_alive(const Frame& thread);
  bool key_byte(Frame& thread, uint8_t byte);

  // json_containers.cc
  void step_array(Frame thread, uint8_t byte);
  void start_item(const Frame& array, uint8_t byte);
  bool item_possible(const Frame& array);
  bool item_choice(const Frame& array, const EntryChoice& choice) const;
  void step_object(Frame thread, uint8_t byte);
  void step_colon(Frame thread, uint8_t byte);
  bool key_possible(const Frame& object);
  bool property_admitted(const Frame& object, int32_t property);
  bool any_property_admitted(const Frame& object, int32_t first, int32_t last);
  uint64_t labels_admitted(const Frame& object);
  const Admitted& admitted(const Frame& object);
  bool choice_possible(const Frame& object, const EntryChoice& choice, int32_t property) const;
  bool object_may_end(const Frame& object) const;
  bool array_may_end(const Frame& array) const;
  Frame object_with(const Frame& object, const EntryChoice& choice, int32_t property, int32_t text);
  bool has_other_key(const Frame& object, int32_t text) const;
  bool is_plain(const Frame& object) const;
  ConditionCounts read_counts(const std::vector<CountedCondition>& conditions, int32_t cell) const;
  int32_t store_counts(const ConditionCounts& counts);
  std::vector<uint64_t> read_seen(int32_t cell) const;
  bool seen(int32_t cell, int32_t property) const;
  int32_t store_seen(int32_t cell, int32_t property, size_t properties);
  Frame container_frame(FrameKind kind, const Frame& under, int32_t table);

  // unique_items.cc
  std::string recorded(int32_t record, int32_t from) const;
  bool unseen_item_exists(const Frame& array) const;
  bool unique_item_is_alive(const Frame& thread);
  bool add_unique_item(Frame& array, int32_t record);
  int32_t append_record(int32_t record, uint8_t byte) { return arena_.add_cell(byte, 0, record); }

  // expressions.cc
  bool enter_sequence(ExpressionId id, int32_t child, int32_t parent);
  int32_t repeat_frame(ExpressionId id, int64_t count, int32_t parent);
  void call_rule(int32_t rule, int32_t parent);
  void run_returns();
  void return_to(int32_t frame);
  void open_site();
  void enter_all();

  std::shared_ptr<const MachineTables> tables_;
  ContainerRules rules_;
  StateArena arena_;
  bool overflowed_ = false;

  // Of the step that is being made.
  std::vector<Frame> out_;
  std::vector<int32_t> returns_;   // frames whose top is complete
  std::vector<int32_t> returned_;  // those that were followed
  std::vector<std::pair<ExpressionId, int32_t>> entries_;
  std::vector<RuleCall> calls_;
  int32_t site_ = -1;  // being opened
  std::vector<std::pair<int32_t, int32_t>> site_edges_;
  std::vector<int32_t> site_rules_waiting_;

  struct FrameKeyHash {
    size_t operator()(const Frame& frame) const;
  };
  std::unordered_map<Frame, Admitted, FrameKeyHash> admitted_;
};

// One text in one grammar.
class GrammarMatcher {
 public:
  explicit GrammarMatcher(std::shared_ptr<const MachineTables> tables)
      : machine_(std::move(tables)), threads_(machine_.start()) {}

  // False, and nothing changes, when the grammar accepts no text that goes on like this.
  bool advance(std::string_view bytes);
  bool can_end() const { return machine_.can_end(threads_); }
  const std::vector<Frame>& threads() const { return threads_; }
  Machine& machine() { return machine_; }

 private:
  Machine machine_;
  std::vector<Frame> threads_, next_;
};

}  // namespace weft
