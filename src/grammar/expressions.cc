// The part of the machine that runs expressions. Rules are called at call sites: all calls of one rule at one place of
// the text share its frames, and know their callers as edges, so that recursion of every kind, ambiguity included,
// takes polynomial work. (The idea of graph-structured stacks: Tomita 1985; of GLL parsing: Scott and Johnstone 2010.)
#include <algorithm>

#include "grammar/machine.h"

namespace weft {

// Puts the expression on top of `parent`. That it may match the empty text is the caller's business.
void Machine::enter_all() {
  while (!entries_.empty()) {
    auto [id, parent] = entries_.back();
    entries_.pop_back();
    const Expression& expression = tables_->grammar().expressions[static_cast<size_t>(id)];
    switch (expression.kind) {
      case Expression::Kind::kText:
        if (!tables_->automaton(expression.index).is_empty()) {
          out_.push_back({.kind = FrameKind::kText, .parent = parent, .x = expression.index});
        }
        break;
      case Expression::Kind::kToken:
        out_.push_back({.kind = FrameKind::kToken, .parent = parent, .x = expression.index});
        break;
      case Expression::Kind::kValue:
        out_.push_back({.kind = FrameKind::kValue, .parent = parent, .x = expression.index, .ws = kNoWhitespace});
        break;
      case Expression::Kind::kSequence:
        enter_sequence(id, 0, parent);
        break;
      case Expression::Kind::kChoice:
        for (ExpressionId child : expression.children) entries_.emplace_back(child, parent);
        break;
      case Expression::Kind::kRepeat:
        if (expression.max && *expression.max == 0) break;
        entries_.emplace_back(expression.children[0], repeat_frame(id, 1, parent));
        break;
      case Expression::Kind::kRule:
        call_rule(expression.index, parent);
        break;
    }
  }
}

// Children from `child` on. True: the rest of the sequence may be empty.
bool Machine::enter_sequence(ExpressionId id, int32_t child, int32_t parent) {
  const std::vector<ExpressionId>& children = tables_->grammar().expressions[static_cast<size_t>(id)].children;
  for (auto i = static_cast<size_t>(child); i < children.size(); ++i) {
    bool last = i + 1 == children.size();
    int32_t under =
        last ? parent
             : arena_.add({.kind = FrameKind::kSequence, .parent = parent, .x = id, .y = static_cast<int32_t>(i) + 1});
    entries_.emplace_back(children[i], under);
    if (!tables_->nullable(children[i])) return false;
  }
  return true;
}

// The count stops where more of it makes no difference.
int32_t Machine::repeat_frame(ExpressionId id, int64_t count, int32_t parent) {
  const Expression& expression = tables_->grammar().expressions[static_cast<size_t>(id)];
  if (!expression.max) count = std::min(count, expression.min);
  return arena_.add({.kind = FrameKind::kRepeat, .parent = parent, .x = id, .y = static_cast<int32_t>(count)});
}

void Machine::call_rule(int32_t rule, int32_t parent) {
  if (site_ < 0) {
    // A rule frame as parent: nothing is left of that caller, so its callers wait instead.
    std::vector<int32_t> parents = {parent};
    for (size_t i = 0; i < parents.size(); ++i) {
      if (arena_.frame(parents[i]).kind != FrameKind::kRule) {
        calls_.push_back({rule, parents[i]});
        continue;
      }
      for (int32_t edge : arena_.rule_edges(parents[i])) {
        if (std::find(parents.begin(), parents.end(), edge) == parents.end()) parents.push_back(edge);
      }
    }
    return;
  }
  int32_t frame = arena_.site_rule_frame(site_, rule);
  if (frame < 0) {
    frame = arena_.add_site_rule(site_, rule);
    site_rules_waiting_.push_back(frame);
  }
  site_edges_.emplace_back(frame, parent);
}

void Machine::open_site() {
  std::sort(calls_.begin(), calls_.end());
  calls_.erase(std::unique(calls_.begin(), calls_.end()), calls_.end());
  int32_t known = arena_.find_site(calls_);
  if (known >= 0) {
    auto threads = arena_.site_threads(known);
    out_.insert(out_.end(), threads.begin(), threads.end());
    calls_.clear();
    return;
  }
  std::vector<RuleCall> calls = std::move(calls_);
  calls_.clear();
  std::vector<Frame> outside = std::move(out_);
  out_.clear();
  site_ = arena_.begin_site(calls);
  site_edges_.clear();
  for (const RuleCall& call : calls) call_rule(call.rule, call.parent);
  while (!site_rules_waiting_.empty()) {
    int32_t frame = site_rules_waiting_.back();
    site_rules_waiting_.pop_back();
    ExpressionId body = tables_->grammar().rules[static_cast<size_t>(arena_.frame(frame).x)];
    entries_.emplace_back(body, frame);
    enter_all();
  }
  std::sort(out_.begin(), out_.end());
  out_.erase(std::unique(out_.begin(), out_.end()), out_.end());
  arena_.finish_site(site_, site_edges_, out_);
  site_ = -1;
  out_.insert(out_.end(), outside.begin(), outside.end());
}

void Machine::run_returns() {
  returned_.clear();
  for (size_t i = 0; i < returns_.size(); ++i) {
    int32_t frame = returns_[i];
    if (std::find(returned_.begin(), returned_.end(), frame) != returned_.end()) continue;
    returned_.push_back(frame);
    return_to(frame);
    enter_all();
  }
  returns_.clear();
}

void Machine::return_to(int32_t index) {
  Frame frame = arena_.frame(index);
  switch (frame.kind) {
    case FrameKind::kEnd:
      out_.push_back({.kind = FrameKind::kEnd, .parent = index});
      return;
    case FrameKind::kSequence:
      if (enter_sequence(frame.x, frame.y, frame.parent)) returns_.push_back(frame.parent);
      return;
    case FrameKind::kRepeat: {
      const Expression& expression = tables_->grammar().expressions[static_cast<size_t>(frame.x)];
      if (frame.y >= expression.min || tables_->nullable(expression.children[0])) returns_.push_back(frame.parent);
      if (!expression.max || frame.y < *expression.max) {
        entries_.emplace_back(expression.children[0], repeat_frame(frame.x, int64_t{frame.y} + 1, frame.parent));
      }
      return;
    }
    case FrameKind::kRule:
      for (int32_t edge : arena_.rule_edges(index)) returns_.push_back(edge);
      return;
    default:
      CHECK(false);
  }
}

}  // namespace weft
