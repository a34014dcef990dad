#include "grammar/machine.h"

#include <algorithm>
#include <array>

#include "grammar/json_strings.h"

namespace weft {

namespace {

constexpr std::array<std::string_view, 3> kLiterals = {"null", "true", "false"};

bool is_container(FrameKind kind) { return kind == FrameKind::kArrayNext || kind == FrameKind::kObjectNext; }

bool has_successor(const Dfa& dfa, int32_t state) {
  auto first = dfa.next.begin() + static_cast<ptrdiff_t>(state) * dfa.num_classes;
  return std::any_of(first, first + dfa.num_classes, [](int32_t to) { return to >= 0; });
}

}  // namespace

Machine::Machine(std::shared_ptr<const MachineTables> tables) : tables_(std::move(tables)), rules_(tables_->values()) {}

std::vector<Frame> Machine::start() {
  arena_ = StateArena();
  int32_t bottom = arena_.add({.kind = FrameKind::kEnd, .x = -1});
  arena_.add_cell(-1, -1, kNoCell);  // the empty text
  const Grammar& grammar = tables_->grammar();
  entries_.emplace_back(grammar.root, bottom);
  enter_all();
  if (tables_->nullable(grammar.root)) returns_.push_back(bottom);
  std::vector<Frame> threads;
  finish_step(threads);
  return threads;
}

void Machine::step(std::span<const Frame> threads, uint8_t byte, std::vector<Frame>& out) {
  for (const Frame& thread : threads) step_one(thread, byte);
  finish_step(out);
}

void Machine::step_token(std::span<const Frame> threads, int32_t token, std::vector<Frame>& out) {
  for (const Frame& thread : threads) {
    if (thread.kind == FrameKind::kToken && thread.x == token) returns_.push_back(thread.parent);
  }
  finish_step(out);
}

bool Machine::can_end(std::span<const Frame> threads) const {
  return std::any_of(threads.begin(), threads.end(), [](const Frame& t) { return t.kind == FrameKind::kEnd; });
}

void Machine::take_back(const StateArena::Mark& mark) {
  arena_.truncate(mark);
  auto cells = static_cast<int32_t>(mark.cells);
  std::erase_if(admitted_, [&](const auto& entry) { return entry.first.w >= cells || entry.first.z >= cells; });
}

void Machine::end_top(const Frame& thread, std::vector<Frame>& out) {
  if (thread.kind == FrameKind::kText || !is_container(arena_.frame(thread.parent).kind)) {
    returns_.push_back(thread.parent);
  } else {
    Frame container;
    if (pop_container(thread, container)) out_.push_back(container);
  }
  finish_step(out);
}

void Machine::compact(std::vector<Frame>& threads) {
  arena_.compact(threads);
  admitted_.clear();
}

void Machine::finish_step(std::vector<Frame>& out) {
  if (!returns_.empty()) run_returns();
  if (!calls_.empty()) open_site();
  out.clear();
  if (out_.size() > 1) {
    std::sort(out_.begin(), out_.end());
    out_.erase(std::unique(out_.begin(), out_.end()), out_.end());
  }
  if (out_.size() > static_cast<size_t>(tables_->limits().threads)) {
    overflowed_ = true;
    out_.clear();
  }
  std::swap(out, out_);
}

void Machine::step_one(const Frame& thread, uint8_t byte) {
  switch (thread.kind) {
    case FrameKind::kText: {
      const Dfa& dfa = tables_->automaton(thread.x);
      int32_t state = dfa.step(thread.y, byte);
      if (state < 0) return;
      bool accepts = dfa.accepting[static_cast<size_t>(state)] != 0;
      if (accepts) returns_.push_back(thread.parent);
      if (accepts && !has_successor(dfa, state)) return;
      out_.push_back(thread);
      out_.back().y = state;
      return;
    }
    case FrameKind::kValue:
      return step_value(thread, byte);
    case FrameKind::kLiteral:
      return step_literal(thread, byte);
    case FrameKind::kNumber:
      return step_number(thread, byte);
    case FrameKind::kString:
      return step_string(thread, byte);
    case FrameKind::kKey:
      return step_key(thread, byte);
    case FrameKind::kColon:
      return step_colon(thread, byte);
    case FrameKind::kArrayFirst:
    case FrameKind::kArrayItem:
    case FrameKind::kArrayNext:
      return step_array(thread, byte);
    case FrameKind::kObjectFirst:
    case FrameKind::kObjectKey:
    case FrameKind::kObjectNext:
      return step_object(thread, byte);
    case FrameKind::kEnd:
    case FrameKind::kToken:
    case FrameKind::kSequence:
    case FrameKind::kRepeat:
    case FrameKind::kRule:
      return;
  }
}

void Machine::emit(Frame thread, uint8_t byte) {
  if (thread.record >= 0) {
    thread.record = append_record(thread.record, byte);
    if (!unique_item_is_alive(thread)) return;
  }
  out_.push_back(thread);
}

bool Machine::read_whitespace(Frame& thread, uint8_t byte) {
  const WhitespacePolicy& policy = tables_->grammar().whitespace;
  if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r') return false;
  if (policy.compact) return false;
  if (policy.pattern != nullptr) {
    int32_t state = policy.pattern->step(thread.ws, byte);
    if (state < 0) return false;
    thread.ws = state;
    return true;
  }
  if (thread.ws >= policy.max_bytes) return false;
  ++thread.ws;
  return true;
}

bool Machine::whitespace_may_end(int32_t ws) const {
  const WhitespacePolicy& policy = tables_->grammar().whitespace;
  if (policy.pattern == nullptr || policy.compact || ws == kNoWhitespace) return true;
  return policy.pattern->accepting[static_cast<size_t>(ws)] != 0;
}

void Machine::step_value(const Frame& thread, uint8_t byte) {
  if (thread.ws != kNoWhitespace) {
    Frame after = thread;
    if (read_whitespace(after, byte)) return emit(after, byte);
  }
  if (whitespace_may_end(thread.ws)) start_value(thread.x, thread, byte);
}

void Machine::start_value(ValueId id, const Frame& under, uint8_t byte, bool unique) {
  const ValueTable& value = tables_->value(id);
  const ValueShape& shape = tables_->grammar().values.values[static_cast<size_t>(id)];
  Frame frame{.depth = under.depth, .parent = under.parent, .record = under.record};
  auto literal = [&](bool possible, int32_t which) {
    if (!possible) return;
    frame.kind = FrameKind::kLiteral;
    frame.x = which;
    frame.y = 1;
    emit(frame, byte);
  };
  int32_t room = tables_->limits().json_depth - under.depth;
  switch (byte) {
    case '"':
      frame.kind = FrameKind::kString;
      for (int32_t i = 0; i < value.num_strings; ++i) {
        frame.x = value.first_string + i;
        if (string_is_alive(*tables_, tables_->string(frame.x), {})) emit(frame, byte);
      }
      return;
    case '[':
    case '{': {
      bool array = byte == '[';
      int32_t first = array ? value.first_array : value.first_object;
      for (int32_t i = first; i < first + (array ? value.num_arrays : value.num_objects); ++i) {
        if ((array ? tables_->array(i).height : tables_->object(i).height) > room) continue;
        emit(container_frame(array ? FrameKind::kArrayFirst : FrameKind::kObjectFirst, under, i), byte);
      }
      return;
    }
    case 'n':
      return literal(shape.null, 0);
    case 't':
      return literal(shape.true_value, 1);
    case 'f':
      return literal(shape.false_value, 2);
    default:
      if (value.number < 0) return;
      frame.kind = FrameKind::kNumber;
      frame.x = unique ? value.unique_number : value.number;
      return step_number(frame, byte);
  }
}

void Machine::step_literal(Frame thread, uint8_t byte) {
  std::string_view text = kLiterals[static_cast<size_t>(thread.x)];
  if (static_cast<uint8_t>(text[static_cast<size_t>(thread.y)]) != byte) return;
  ++thread.y;
  if (static_cast<size_t>(thread.y) == text.size()) return close_value(thread, byte);
  emit(thread, byte);
}

// Inside arrays and objects a number ends when the byte after it says so; elsewhere both ways are followed at once.
void Machine::step_number(Frame thread, uint8_t byte) {
  const Dfa& dfa = tables_->automaton(thread.x);
  bool in_container = is_container(arena_.frame(thread.parent).kind);
  if (in_container && dfa.accepting[static_cast<size_t>(thread.y)] != 0) {
    Frame container;
    if (pop_container(thread, container)) step_one(container, byte);
  }
  thread.y = dfa.step(thread.y, byte);
  if (thread.y < 0) return;
  bool accepts = dfa.accepting[static_cast<size_t>(thread.y)] != 0;
  if (accepts && !in_container) {
    returns_.push_back(thread.parent);
    if (!has_successor(dfa, thread.y)) return;
  }
  emit(thread, byte);
}

void Machine::close_value(Frame thread, uint8_t byte) {
  if (thread.record >= 0) thread.record = append_record(thread.record, byte);
  if (!is_container(arena_.frame(thread.parent).kind)) {
    returns_.push_back(thread.parent);
    return;
  }
  Frame container;
  if (pop_container(thread, container)) out_.push_back(container);
}

bool Machine::pop_container(const Frame& thread, Frame& container) {
  container = arena_.frame(thread.parent);
  if (container.record >= 0) container.record = thread.record;
  if (container.kind == FrameKind::kArrayNext) {
    if (tables_->array(container.x).shape->unique && !add_unique_item(container, thread.record)) return false;
    container.u = kNoCell;
  }
  return true;
}

int32_t Machine::push(Frame frame) {
  frame.record = frame.record >= 0 ? 0 : kNoCell;
  return arena_.add(frame);
}

bool GrammarMatcher::advance(std::string_view bytes) {
  std::vector<Frame> at = threads_;
  for (char byte : bytes) {
    machine_.step(at, static_cast<uint8_t>(byte), next_);
    if (next_.empty()) return false;
    std::swap(at, next_);
  }
  threads_ = std::move(at);
  return true;
}

}  // namespace weft
