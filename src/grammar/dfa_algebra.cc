// Union, intersection and difference by products; concatenation and repetition by subset construction.
#include <algorithm>
#include <vector>

#include "grammar/dfa.h"
#include "grammar/dfa_minimize.h"
#include "grammar/nfa.h"

namespace weft::dfa {
namespace {

constexpr int32_t kDead = Dfa::kDead;

// Bytes that neither automaton tells apart: of_byte[b] is the joint class, in_a and in_b what it means to each.
struct JointClasses {
  std::array<uint8_t, 256> of_byte{};
  std::vector<uint8_t> in_a, in_b;
  int32_t count() const { return static_cast<int32_t>(in_a.size()); }
};

JointClasses join_classes(const Dfa& a, const Dfa& b) {
  JointClasses joint;
  std::vector<int16_t> known(static_cast<size_t>(a.num_classes) * static_cast<size_t>(b.num_classes), -1);
  for (size_t byte = 0; byte < 256; ++byte) {
    const size_t key = a.byte_class[byte] * static_cast<size_t>(b.num_classes) + b.byte_class[byte];
    if (known[key] < 0) {
      known[key] = static_cast<int16_t>(joint.count());
      joint.in_a.push_back(a.byte_class[byte]);
      joint.in_b.push_back(b.byte_class[byte]);
    }
    joint.of_byte[byte] = static_cast<uint8_t>(known[key]);
  }
  return joint;
}

enum class Combine { kUnite, kIntersect, kSubtract };

Error too_complex(const GrammarLimits& limits) {
  return make_error(ErrorCode::kGrammarTooComplex,
                    "Combining two automata of this grammar gives more than {} states; simplify its patterns.",
                    limits.max_states);
}

class Product {
 public:
  Product(const Dfa& a, const Dfa& b, Combine combine, const GrammarLimits& limits)
      : a_(a), b_(b), combine_(combine), limits_(limits), joint_(join_classes(a, b)) {}

  Result<Dfa> run() {
    const size_t classes = static_cast<size_t>(joint_.count());
    out_.byte_class = joint_.of_byte;
    out_.num_classes = joint_.count();
    slots_.assign(256, -1);
    (void)find_or_add(0, 0);
    for (size_t s = 0; s < pairs_.size(); ++s) {
      const auto [x, y] = pairs_[s];
      for (size_t c = 0; c < classes; ++c) {
        const int32_t u = x == kDead ? kDead : a_.next[static_cast<size_t>(x * a_.num_classes) + joint_.in_a[c]];
        const int32_t v = y == kDead ? kDead : b_.next[static_cast<size_t>(y * b_.num_classes) + joint_.in_b[c]];
        if (is_lost(u, v)) continue;
        const int32_t target = find_or_add(u, v);
        out_.next[s * classes + c] = target;
      }
      if (out_.num_states() > limits_.max_states || out_.next.size() > limits_.memory_bytes / 16 ||
          out_.next.size() > limits_.steps) {
        return too_complex(limits_);
      }
    }
    return minimize(out_);
  }

 private:
  struct Pair {
    int32_t a, b;
  };

  bool is_lost(int32_t u, int32_t v) const {
    switch (combine_) {
      case Combine::kUnite:
        return u == kDead && v == kDead;
      case Combine::kIntersect:
        return u == kDead || v == kDead;
      case Combine::kSubtract:
        return u == kDead;
    }
    return true;
  }

  uint8_t label(int32_t u, int32_t v) const {
    const uint8_t in_a = u == kDead ? 0 : a_.accepting[static_cast<size_t>(u)];
    const uint8_t in_b = v == kDead ? 0 : b_.accepting[static_cast<size_t>(v)];
    switch (combine_) {
      case Combine::kUnite:
        return in_a != 0 ? in_a : in_b;
      case Combine::kIntersect:
        return in_b != 0 ? in_a : 0;
      case Combine::kSubtract:
        return in_b != 0 ? 0 : in_a;
    }
    return 0;
  }

  static uint64_t hash(int32_t u, int32_t v) {
    uint64_t h = (static_cast<uint64_t>(static_cast<uint32_t>(u)) << 32 | static_cast<uint32_t>(v)) + 1;
    h *= 0x9E3779B97F4A7C15ULL;
    return h ^ (h >> 32);
  }

  int32_t find_or_add(int32_t u, int32_t v) {
    size_t at = hash(u, v) & (slots_.size() - 1);
    for (; slots_[at] >= 0; at = (at + 1) & (slots_.size() - 1)) {
      const Pair& known = pairs_[static_cast<size_t>(slots_[at])];
      if (known.a == u && known.b == v) return slots_[at];
    }
    const int32_t state = static_cast<int32_t>(pairs_.size());
    slots_[at] = state;
    pairs_.push_back({u, v});
    out_.accepting.push_back(label(u, v));
    out_.next.resize(out_.next.size() + static_cast<size_t>(out_.num_classes), kDead);
    if (pairs_.size() * 2 > slots_.size()) grow();
    return state;
  }

  void grow() {
    slots_.assign(slots_.size() * 2, -1);
    for (size_t s = 0; s < pairs_.size(); ++s) {
      size_t at = hash(pairs_[s].a, pairs_[s].b) & (slots_.size() - 1);
      while (slots_[at] >= 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<int32_t>(s);
    }
  }

  const Dfa& a_;
  const Dfa& b_;
  const Combine combine_;
  const GrammarLimits& limits_;
  const JointClasses joint_;
  std::vector<Pair> pairs_;
  std::vector<int32_t> slots_;
  Dfa out_;
};

// An automaton over the joint classes' symbols.
Nfa nfa_over(const JointClasses& joint) {
  Nfa nfa;
  nfa.symbol_of_byte = joint.of_byte;
  nfa.num_symbols = joint.count();
  return nfa;
}

}  // namespace

Result<Dfa> unite(const Dfa& a, const Dfa& b, const GrammarLimits& limits) {
  if (a.is_empty()) return b;
  if (b.is_empty()) return a;
  return Product(a, b, Combine::kUnite, limits).run();
}

Result<Dfa> intersect(const Dfa& a, const Dfa& b, const GrammarLimits& limits) {
  return Product(a, b, Combine::kIntersect, limits).run();
}

Result<Dfa> subtract(const Dfa& a, const Dfa& b, const GrammarLimits& limits) {
  if (b.is_empty()) return a;
  return Product(a, b, Combine::kSubtract, limits).run();
}

Result<Dfa> concatenate(const Dfa& a, const Dfa& b, const GrammarLimits& limits) {
  if (a.is_empty() || b.is_empty()) return nothing();
  const JointClasses joint = join_classes(a, b);
  Nfa nfa = nfa_over(joint);
  const int32_t first = nfa.append(a, joint.in_a);
  const int32_t second = nfa.append(b, joint.in_b);
  nfa.start = first;
  for (int32_t s = 0; s < a.num_states(); ++s) {
    if (a.accepting[static_cast<size_t>(s)] != 0) nfa.add_empty(first + s, second);
  }
  for (int32_t s = 0; s < b.num_states(); ++s) {
    nfa.accepting[static_cast<size_t>(second + s)] = b.accepting[static_cast<size_t>(s)];
  }
  return determinize(nfa, limits);
}

Result<Dfa> repeat(const Dfa& a, int64_t min, std::optional<int64_t> max, const GrammarLimits& limits) {
  min = std::max<int64_t>(min, 0);
  if (max && *max < min) return nothing();
  if (max && *max == 0) return empty_text();
  if (a.is_empty()) return min == 0 ? empty_text() : nothing();
  if (min == 1 && max && *max == 1) return a;
  const int64_t copies = max ? *max : std::max<int64_t>(min, 1);
  if (copies > limits.max_states || copies * a.num_states() > 4 * static_cast<int64_t>(limits.max_states)) {
    return make_error(ErrorCode::kGrammarTooComplex,
                      "A repetition of {} times needs more than the {} states that one automaton may have.", copies,
                      limits.max_states);
  }
  const JointClasses joint = join_classes(a, a);
  Nfa nfa = nfa_over(joint);
  nfa.start = nfa.add_state();
  const int32_t end = nfa.add_state();
  nfa.accepting[static_cast<size_t>(end)] = 1;
  if (min == 0) nfa.add_empty(nfa.start, end);
  std::vector<int32_t> ends{nfa.start};  // of the copy before
  for (int64_t copy = 1; copy <= copies; ++copy) {
    const int32_t base = nfa.append(a, joint.in_a);
    for (int32_t s : ends) nfa.add_empty(s, base);
    ends.clear();
    for (int32_t s = 0; s < a.num_states(); ++s) {
      if (a.accepting[static_cast<size_t>(s)] == 0) continue;
      ends.push_back(base + s);
      if (copy >= min) nfa.add_empty(base + s, end);
      if (!max && copy == copies) nfa.add_empty(base + s, base);
    }
  }
  return determinize(nfa, limits);
}

}  // namespace weft::dfa
