// What texts an automaton has: all of them where they are few, their lengths in characters.
#include <algorithm>
#include <deque>
#include <limits>
#include <vector>

#include "grammar/dfa.h"

namespace weft::dfa {
namespace {

// Depth-first order in which every state comes after all states that it leads to; no value when there is a cycle.
std::optional<std::vector<int32_t>> reverse_topological(const Dfa& a) {
  enum : uint8_t { kNew, kOpen, kDone };
  std::vector<uint8_t> colour(a.accepting.size(), kNew);
  std::vector<int32_t> order;
  struct Frame {
    int32_t state;
    int32_t next_class;
  };
  std::vector<Frame> stack{{0, 0}};
  colour[0] = kOpen;
  while (!stack.empty()) {
    Frame& frame = stack.back();
    if (frame.next_class == a.num_classes) {
      colour[static_cast<size_t>(frame.state)] = kDone;
      order.push_back(frame.state);
      stack.pop_back();
      continue;
    }
    const int32_t to = a.next[static_cast<size_t>(frame.state * a.num_classes + frame.next_class++)];
    if (to == Dfa::kDead) continue;
    if (colour[static_cast<size_t>(to)] == kOpen) return std::nullopt;
    if (colour[static_cast<size_t>(to)] == kNew) {
      colour[static_cast<size_t>(to)] = kOpen;
      stack.push_back({to, 0});
    }
  }
  return order;
}

// How many characters a byte of each class begins: 0 for continuation bytes. Classes of a UTF-8 language don't mix the
// two where it matters: a state that takes both would accept malformed text.
bool begins_character(uint8_t byte) { return (byte & 0xC0) != 0x80; }

struct Step {
  int32_t to;
  int32_t chars;
};

std::vector<Step> steps_of(const Dfa& a, int32_t state) {
  std::vector<Step> steps;
  for (size_t byte = 0; byte < 256; ++byte) {
    const int32_t to = a.step(state, static_cast<uint8_t>(byte));
    if (to == Dfa::kDead) continue;
    const Step step{to, begins_character(static_cast<uint8_t>(byte)) ? 1 : 0};
    if (steps.empty() || steps.back().to != step.to || steps.back().chars != step.chars) steps.push_back(step);
  }
  return steps;
}

int64_t shortest_text(const Dfa& a) {
  std::vector<int64_t> distance(a.accepting.size(), std::numeric_limits<int64_t>::max());
  std::deque<int32_t> queue{0};  // steps of length 0 go to its head
  distance[0] = 0;
  while (!queue.empty()) {
    const int32_t state = queue.front();
    queue.pop_front();
    const int64_t here = distance[static_cast<size_t>(state)];
    if (a.accepting[static_cast<size_t>(state)] != 0) return here;
    for (const Step& step : steps_of(a, state)) {
      int64_t& there = distance[static_cast<size_t>(step.to)];
      if (here + step.chars >= there) continue;
      there = here + step.chars;
      if (step.chars == 0) {
        queue.push_front(step.to);
      } else {
        queue.push_back(step.to);
      }
    }
  }
  return 0;  // the empty language
}

}  // namespace

std::optional<std::vector<std::string>> enumerate(const Dfa& a, size_t max) {
  std::vector<std::string> texts;
  if (a.is_empty()) return texts;
  const auto order = reverse_topological(a);
  if (!order) return std::nullopt;
  // Count before spelling out: a few states can have very many texts.
  std::vector<size_t> count(a.accepting.size(), 0);
  for (int32_t state : *order) {
    size_t texts_here = a.accepting[static_cast<size_t>(state)] != 0 ? 1 : 0;
    for (size_t byte = 0; byte < 256; ++byte) {
      const int32_t to = a.step(state, static_cast<uint8_t>(byte));
      if (to != Dfa::kDead) texts_here += count[static_cast<size_t>(to)];
      if (texts_here > max) return std::nullopt;
    }
    count[static_cast<size_t>(state)] = texts_here;
  }
  struct Frame {
    int32_t state;
    int32_t next_byte;
  };
  std::string text;
  std::vector<Frame> stack{{0, 0}};
  if (a.accepting[0] != 0) texts.emplace_back();
  while (!stack.empty()) {
    Frame& frame = stack.back();
    if (frame.next_byte == 256) {
      stack.pop_back();
      if (!text.empty()) text.pop_back();
      continue;
    }
    const uint8_t byte = static_cast<uint8_t>(frame.next_byte++);
    const int32_t to = a.step(frame.state, byte);
    if (to == Dfa::kDead) continue;
    text.push_back(static_cast<char>(byte));
    if (a.accepting[static_cast<size_t>(to)] != 0) texts.push_back(text);
    stack.push_back({to, 0});
  }
  return texts;
}

LengthRange char_lengths(const Dfa& a) {
  LengthRange range{shortest_text(a), std::nullopt};
  const auto order = reverse_topological(a);
  if (!order) return range;
  std::vector<int64_t> longest(a.accepting.size(), 0);
  for (int32_t state : *order) {
    int64_t& here = longest[static_cast<size_t>(state)];
    for (const Step& step : steps_of(a, state)) {
      here = std::max(here, longest[static_cast<size_t>(step.to)] + step.chars);
    }
  }
  range.max = longest[0];
  return range;
}

}  // namespace weft::dfa
