#include "grammar/dfa_minimize.h"

#include <algorithm>
#include <span>
#include <utility>

namespace weft::dfa {
namespace {

constexpr int32_t kDead = Dfa::kDead;

// A partition of 0..n-1 into sets, each a range of `elements`; marked elements stand at the head of their set.
class Partition {
 public:
  // `key_of[i]` < num_keys; elements with equal keys share a set; keys nobody has give no set.
  Partition(std::span<const int32_t> key_of, int32_t num_keys)
      : elements_(key_of.size()), location_(key_of.size()), set_of_(key_of.size()) {
    std::vector<int32_t> start(static_cast<size_t>(num_keys) + 1, 0);
    for (int32_t key : key_of) ++start[static_cast<size_t>(key) + 1];
    for (size_t k = 0; k < static_cast<size_t>(num_keys); ++k) {
      if (start[k + 1] > 0) {
        first_.push_back(start[k]);
        end_.push_back(start[k] + start[k + 1]);
      }
      start[k + 1] += start[k];
    }
    mid_ = first_;
    for (size_t i = 0; i < key_of.size(); ++i) {
      const int32_t at = start[static_cast<size_t>(key_of[i])]++;
      elements_[static_cast<size_t>(at)] = static_cast<int32_t>(i);
      location_[i] = at;
    }
    for (size_t set = 0; set < first_.size(); ++set) {
      for (int32_t at = first_[set]; at < end_[set]; ++at) {
        set_of_[static_cast<size_t>(elements_[static_cast<size_t>(at)])] = static_cast<int32_t>(set);
      }
    }
  }

  int32_t num_sets() const { return static_cast<int32_t>(first_.size()); }
  int32_t set_of(int32_t element) const { return set_of_[static_cast<size_t>(element)]; }
  std::span<const int32_t> set(int32_t s) const {
    const size_t from = static_cast<size_t>(first_[static_cast<size_t>(s)]);
    return std::span(elements_).subspan(from, static_cast<size_t>(end_[static_cast<size_t>(s)]) - from);
  }

  void mark(int32_t element) {
    const size_t e = static_cast<size_t>(element);
    const size_t s = static_cast<size_t>(set_of_[e]);
    const int32_t at = location_[e];
    const int32_t middle = mid_[s];
    if (at < middle) return;
    if (middle == first_[s]) touched_.push_back(static_cast<int32_t>(s));
    const int32_t other = elements_[static_cast<size_t>(middle)];
    elements_[static_cast<size_t>(at)] = other;
    location_[static_cast<size_t>(other)] = at;
    elements_[static_cast<size_t>(middle)] = element;
    location_[e] = middle;
    ++mid_[s];
  }

  // Every set with marked and unmarked elements falls in two; the smaller half becomes a set of its own.
  void split() {
    for (int32_t touched : touched_) {
      const size_t s = static_cast<size_t>(touched);
      const int32_t middle = mid_[s];
      if (middle == end_[s]) {
        mid_[s] = first_[s];
        continue;
      }
      const int32_t created = num_sets();
      int32_t from = first_[s];
      int32_t to = middle;
      if (middle - first_[s] <= end_[s] - middle) {
        first_[s] = middle;
      } else {
        from = middle;
        to = end_[s];
        end_[s] = middle;
      }
      mid_[s] = first_[s];
      first_.push_back(from);
      end_.push_back(to);
      mid_.push_back(from);
      for (int32_t at = from; at < to; ++at) {
        set_of_[static_cast<size_t>(elements_[static_cast<size_t>(at)])] = created;
      }
    }
    touched_.clear();
  }

 private:
  std::vector<int32_t> elements_, location_, set_of_, first_, end_, mid_, touched_;
};

struct Transition {
  int32_t tail, symbol, head;
};

// Byte classes whose columns are equal become one; classes are numbered by their smallest byte.
Dfa merge_columns(const Dfa& raw) {
  const size_t states = raw.accepting.size();
  const size_t classes = static_cast<size_t>(raw.num_classes);
  std::vector<uint64_t> hash(classes, 0);
  for (size_t s = 0; s < states; ++s) {
    for (size_t c = 0; c < classes; ++c) {
      hash[c] =
          (hash[c] ^ static_cast<uint64_t>(static_cast<uint32_t>(raw.next[s * classes + c]))) * 0x9E3779B97F4A7C15ULL;
      hash[c] ^= hash[c] >> 29;
    }
  }
  const auto same_column = [&](size_t a, size_t b) {
    if (hash[a] != hash[b]) return false;
    for (size_t s = 0; s < states; ++s) {
      if (raw.next[s * classes + a] != raw.next[s * classes + b]) return false;
    }
    return true;
  };
  Dfa out;
  std::vector<int32_t> new_class(classes, -1);
  std::vector<size_t> kept;
  for (size_t byte = 0; byte < 256; ++byte) {
    const size_t c = raw.byte_class[byte];
    if (new_class[c] < 0) {
      for (size_t k = 0; k < kept.size() && new_class[c] < 0; ++k) {
        if (same_column(kept[k], c)) new_class[c] = static_cast<int32_t>(k);
      }
      if (new_class[c] < 0) {
        new_class[c] = static_cast<int32_t>(kept.size());
        kept.push_back(c);
      }
    }
    out.byte_class[byte] = static_cast<uint8_t>(new_class[c]);
  }
  out.num_classes = static_cast<int32_t>(kept.size());
  out.accepting = raw.accepting;
  out.next.resize(states * kept.size());
  for (size_t s = 0; s < states; ++s) {
    for (size_t k = 0; k < kept.size(); ++k) out.next[s * kept.size() + k] = raw.next[s * classes + kept[k]];
  }
  return out;
}

// States in breadth-first order; those that cannot be reached are gone.
Dfa renumber(const Dfa& raw) {
  const size_t classes = static_cast<size_t>(raw.num_classes);
  std::vector<int32_t> number(raw.accepting.size(), -1);
  std::vector<int32_t> order{0};
  number[0] = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const int32_t* row = raw.next.data() + static_cast<size_t>(order[i]) * classes;
    for (size_t c = 0; c < classes; ++c) {
      if (row[c] != kDead && number[static_cast<size_t>(row[c])] < 0) {
        number[static_cast<size_t>(row[c])] = static_cast<int32_t>(order.size());
        order.push_back(row[c]);
      }
    }
  }
  Dfa out;
  out.byte_class = raw.byte_class;
  out.num_classes = raw.num_classes;
  out.accepting.resize(order.size());
  out.next.resize(order.size() * classes);
  for (size_t i = 0; i < order.size(); ++i) {
    out.accepting[i] = raw.accepting[static_cast<size_t>(order[i])];
    const int32_t* row = raw.next.data() + static_cast<size_t>(order[i]) * classes;
    for (size_t c = 0; c < classes; ++c) {
      out.next[i * classes + c] = row[c] == kDead ? kDead : number[static_cast<size_t>(row[c])];
    }
  }
  return out;
}

// Transitions by head, as ranges: those into state s are order[first[s]..first[s+1]).
struct Incoming {
  std::vector<int32_t> first, order;
};
Incoming incoming_of(const std::vector<Transition>& transitions, size_t states) {
  Incoming in;
  in.first.assign(states + 1, 0);
  for (const Transition& t : transitions) ++in.first[static_cast<size_t>(t.head) + 1];
  for (size_t s = 0; s < states; ++s) in.first[s + 1] += in.first[s];
  in.order.resize(transitions.size());
  std::vector<int32_t> fill(in.first.begin(), in.first.end() - 1);
  for (size_t t = 0; t < transitions.size(); ++t) {
    in.order[static_cast<size_t>(fill[static_cast<size_t>(transitions[t].head)]++)] = static_cast<int32_t>(t);
  }
  return in;
}

// Which states can reach an accepting one.
std::vector<uint8_t> productive_states(const Dfa& raw, const std::vector<Transition>& transitions, const Incoming& in) {
  std::vector<uint8_t> productive(raw.accepting.size(), 0);
  std::vector<int32_t> stack;
  for (size_t s = 0; s < productive.size(); ++s) {
    if (raw.accepting[s] != 0) {
      productive[s] = 1;
      stack.push_back(static_cast<int32_t>(s));
    }
  }
  while (!stack.empty()) {
    const size_t s = static_cast<size_t>(stack.back());
    stack.pop_back();
    for (int32_t i = in.first[s]; i < in.first[s + 1]; ++i) {
      const size_t tail = static_cast<size_t>(transitions[static_cast<size_t>(in.order[static_cast<size_t>(i)])].tail);
      if (productive[tail] == 0) {
        productive[tail] = 1;
        stack.push_back(static_cast<int32_t>(tail));
      }
    }
  }
  return productive;
}

std::vector<Transition> transitions_of(const Dfa& a) {
  std::vector<Transition> transitions;
  const size_t classes = static_cast<size_t>(a.num_classes);
  for (size_t s = 0; s < a.accepting.size(); ++s) {
    for (size_t c = 0; c < classes; ++c) {
      const int32_t head = a.next[s * classes + c];
      if (head != kDead) transitions.push_back({static_cast<int32_t>(s), static_cast<int32_t>(c), head});
    }
  }
  return transitions;
}

// The block of each state in the coarsest partition that keeps labels and steps.
Partition equivalent_states(const Dfa& a, const std::vector<Transition>& transitions, const Incoming& in) {
  std::vector<int32_t> label(a.accepting.begin(), a.accepting.end());
  Partition blocks(label, 256);
  std::vector<int32_t> symbol(transitions.size());
  for (size_t t = 0; t < transitions.size(); ++t) symbol[t] = transitions[t].symbol;
  Partition cords(symbol, a.num_classes);
  int32_t block = 1;
  for (int32_t cord = 0; cord < cords.num_sets(); ++cord) {
    for (int32_t t : cords.set(cord)) blocks.mark(transitions[static_cast<size_t>(t)].tail);
    blocks.split();
    for (; block < blocks.num_sets(); ++block) {
      for (int32_t state : blocks.set(block)) {
        const size_t s = static_cast<size_t>(state);
        for (int32_t i = in.first[s]; i < in.first[s + 1]; ++i) cords.mark(in.order[static_cast<size_t>(i)]);
      }
      cords.split();
    }
  }
  return blocks;
}

// One state per block; block numbers are permuted so that the start's block is 0.
Dfa quotient(const Dfa& a, const Partition& blocks) {
  const size_t classes = static_cast<size_t>(a.num_classes);
  const int32_t start = blocks.set_of(0);
  const auto number = [&](int32_t state) {
    const int32_t b = blocks.set_of(state);
    return b == start ? 0 : b == 0 ? start : b;
  };
  Dfa out;
  out.byte_class = a.byte_class;
  out.num_classes = a.num_classes;
  out.accepting.resize(static_cast<size_t>(blocks.num_sets()));
  out.next.resize(out.accepting.size() * classes);
  for (int32_t b = 0; b < blocks.num_sets(); ++b) {
    const int32_t member = blocks.set(b).front();
    const size_t s = static_cast<size_t>(number(member));
    out.accepting[s] = a.accepting[static_cast<size_t>(member)];
    for (size_t c = 0; c < classes; ++c) {
      const int32_t head = a.next[static_cast<size_t>(member) * classes + c];
      out.next[s * classes + c] = head == kDead ? kDead : number(head);
    }
  }
  return out;
}

}  // namespace

Dfa canonical_form(const Dfa& raw) { return renumber(merge_columns(raw)); }

Dfa minimize(const Dfa& raw) {
  Dfa a = merge_columns(raw);
  std::vector<Transition> transitions = transitions_of(a);
  Incoming in = incoming_of(transitions, a.accepting.size());
  const std::vector<uint8_t> productive = productive_states(a, transitions, in);
  if (productive[0] == 0) return nothing();
  if (std::find(productive.begin(), productive.end(), 0) != productive.end()) {
    for (int32_t& head : a.next) {
      if (head != kDead && productive[static_cast<size_t>(head)] == 0) head = kDead;
    }
    a = renumber(a);
    transitions = transitions_of(a);
    in = incoming_of(transitions, a.accepting.size());
  }
  const Partition blocks = equivalent_states(a, transitions, in);
  if (blocks.num_sets() < a.num_states()) a = quotient(a, blocks);
  return canonical_form(a);
}

}  // namespace weft::dfa
