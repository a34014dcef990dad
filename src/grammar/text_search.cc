#include "grammar/text_search.h"

#include <algorithm>
#include <array>

#include "grammar/dfa_minimize.h"

namespace weft {
namespace {

constexpr int32_t kNone = -1;

// Aho and Corasick's automaton: after each byte, the longest suffix that begins one of the strings.
class SearchAutomaton {
 public:
  SearchAutomaton() { add_state(); }

  // `priority` of the string: where several end at once the largest counts.
  void add(std::string_view text, uint8_t priority) {
    int32_t state = 0;
    for (char c : text) {
      int32_t& next = next_[static_cast<size_t>(state)][static_cast<uint8_t>(c)];
      if (next == kNone) {
        next = static_cast<int32_t>(next_.size());
        state = next;  // add_state moves `next`
        add_state();
      } else {
        state = next;
      }
    }
    found_[static_cast<size_t>(state)] = std::max(found_[static_cast<size_t>(state)], priority);
  }

  // Fills the missing steps in, breadth-first: those of the longest proper suffix.
  void connect() {
    std::vector<int32_t> suffix(next_.size(), 0);
    std::vector<int32_t> queue{0};
    for (size_t i = 0; i < queue.size(); ++i) {
      const size_t state = static_cast<size_t>(queue[i]);
      const size_t shorter = static_cast<size_t>(suffix[state]);
      if (state != 0) found_[state] = std::max(found_[state], found_[shorter]);
      for (size_t byte = 0; byte < 256; ++byte) {
        int32_t& next = next_[state][byte];
        const int32_t other = state == 0 ? 0 : next_[shorter][byte];
        if (next == kNone) {
          next = other;
        } else {
          suffix[static_cast<size_t>(next)] = other;
          queue.push_back(next);
        }
      }
    }
  }

  // Without what follows an occurrence. `accepting[priority]`: whether a text may end so; [0]: with no occurrence.
  Dfa finish(const std::array<bool, 3>& accepting) const {
    Dfa raw;
    raw.num_classes = 256;
    for (size_t byte = 0; byte < 256; ++byte) raw.byte_class[byte] = static_cast<uint8_t>(byte);
    raw.next.assign(next_.size() * 256, Dfa::kDead);
    for (size_t state = 0; state < next_.size(); ++state) {
      raw.accepting.push_back(accepting[found_[state]] ? 1 : 0);
      if (found_[state] == 0)
        std::copy(next_[state].begin(), next_[state].end(),
                  raw.next.begin() + static_cast<std::ptrdiff_t>(state * 256));
    }
    return dfa::minimize(raw);
  }

 private:
  void add_state() {
    next_.emplace_back().fill(kNone);
    found_.push_back(0);
  }
  std::vector<std::array<int32_t, 256>> next_;
  std::vector<uint8_t> found_;
};

Status check_size(const std::vector<std::string>& strings, size_t& total, const GrammarLimits& limits) {
  for (const std::string& text : strings) total += text.size();
  if (total > static_cast<size_t>(limits.max_states) / 8) {
    return make_error(ErrorCode::kGrammarTooComplex, "The strings to look for in free text have {} bytes; at most {}.",
                      total, limits.max_states / 8);
  }
  return {};
}

}  // namespace

Result<Dfa> text_without(const std::vector<std::string>& strings, const GrammarLimits& limits) {
  if (strings.empty()) return dfa::any_text();
  size_t total = 0;
  TRY(check_size(strings, total, limits));
  SearchAutomaton search;
  for (const std::string& text : strings) search.add(text, 1);
  search.connect();
  return dfa::intersect(search.finish({true, false, false}), dfa::any_text(), limits);
}

Result<Dfa> text_until(const std::vector<std::string>& ends, const std::vector<std::string>& forbidden,
                       const GrammarLimits& limits) {
  size_t total = 0;
  TRY(check_size(ends, total, limits));
  TRY(check_size(forbidden, total, limits));
  SearchAutomaton search;
  for (const std::string& text : ends) search.add(text, 1);
  for (const std::string& text : forbidden) search.add(text, 2);
  search.connect();
  return dfa::intersect(search.finish({false, true, false}), dfa::any_text(), limits);
}

}  // namespace weft
