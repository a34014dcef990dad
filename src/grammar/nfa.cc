#include "grammar/nfa.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "grammar/dfa_minimize.h"

namespace weft {

Nfa::Nfa() { std::iota(symbol_of_byte.begin(), symbol_of_byte.end(), uint8_t{0}); }

int32_t Nfa::add_state() {
  accepting.push_back(0);
  return num_states() - 1;
}

int32_t Nfa::append(const Dfa& a, const std::vector<uint8_t>& symbol_class) {
  const int32_t base = num_states();
  accepting.resize(accepting.size() + a.accepting.size(), 0);
  const size_t classes = static_cast<size_t>(a.num_classes);
  for (int32_t s = 0; s < a.num_states(); ++s) {
    const int32_t* row = a.next.data() + static_cast<size_t>(s) * classes;
    for (size_t symbol = 0; symbol < symbol_class.size();) {
      const int32_t to = row[symbol_class[symbol]];
      size_t end = symbol + 1;
      while (end < symbol_class.size() && row[symbol_class[end]] == to) ++end;
      if (to != Dfa::kDead) {
        add_edge(base + s, static_cast<uint8_t>(symbol), static_cast<uint8_t>(end - 1), base + to);
      }
      symbol = end;
    }
  }
  return base;
}

namespace {

constexpr int32_t kUnset = -1;

// Items of many owners in one array: owner i has items[first[i]..first[i+1]).
template <class T>
struct Grouped {
  std::vector<int32_t> first;
  std::vector<T> items;
  std::span<const T> of(int32_t owner) const {
    const size_t o = static_cast<size_t>(owner);
    return std::span(items).subspan(static_cast<size_t>(first[o]), static_cast<size_t>(first[o + 1] - first[o]));
  }
};

template <class T, class OwnerOf>
Grouped<T> group(const std::vector<T>& items, int32_t owners, OwnerOf owner_of) {
  Grouped<T> out;
  out.first.assign(static_cast<size_t>(owners) + 1, 0);
  for (const T& item : items) ++out.first[static_cast<size_t>(owner_of(item)) + 1];
  for (size_t o = 0; o < static_cast<size_t>(owners); ++o) out.first[o + 1] += out.first[o];
  std::vector<int32_t> fill(out.first.begin(), out.first.end() - 1);
  out.items.resize(items.size());
  for (const T& item : items) out.items[static_cast<size_t>(fill[static_cast<size_t>(owner_of(item))]++)] = item;
  return out;
}

class SubsetConstruction {
 public:
  SubsetConstruction(const Nfa& nfa, const GrammarLimits& limits)
      : nfa_(nfa),
        limits_(limits),
        edges_(group(nfa.edges, nfa.num_states(), [](const Nfa::Edge& e) { return e.from; })),
        empties_(group(nfa.empty_edges, nfa.num_states(), [](const Nfa::EmptyEdge& e) { return e.from; })),
        closure_at_(static_cast<size_t>(nfa.num_states()), {kUnset, kUnset}),
        mark_(static_cast<size_t>(nfa.num_states()), 0),
        closure_mark_(static_cast<size_t>(nfa.num_states()), 0) {}

  Result<Dfa> run() {
    find_classes();
    end_label_ = labels_at_end(false);
    find_hopeful();
    slots_.assign(1024, kUnset);
    TRY(add_start());
    for (int32_t state = 0; state < num_states(); ++state) TRY(expand(state));
    return dfa::minimize(out_);
  }

 private:
  int32_t num_states() const { return static_cast<int32_t>(out_.accepting.size()); }

  Error too_complex() const {
    return make_error(ErrorCode::kGrammarTooComplex,
                      "The automaton of this grammar has more than {} states or takes too long to build; simplify the "
                      "pattern or lower its repetition counts.",
                      limits_.max_states);
  }

  Status spend(uint64_t steps) {
    steps_ += steps;
    if (steps_ > limits_.steps) return too_complex();
    return {};
  }

  // Symbols between two neighbouring edge ends behave alike: one class each.
  void find_classes() {
    std::array<uint8_t, 257> begins{};
    begins[0] = 1;
    for (const Nfa::Edge& e : nfa_.edges) {
      begins[e.first] = 1;
      begins[static_cast<size_t>(e.last) + 1] = 1;
    }
    int32_t count = 0;
    for (int32_t symbol = 0; symbol < nfa_.num_symbols; ++symbol) {
      count += begins[static_cast<size_t>(symbol)];
      class_of_symbol_[static_cast<size_t>(symbol)] = static_cast<uint8_t>(count - 1);
    }
    out_.num_classes = count;
    for (size_t byte = 0; byte < 256; ++byte) out_.byte_class[byte] = class_of_symbol_[nfa_.symbol_of_byte[byte]];
  }

  // What each state accepts without a further byte, at the end of the text.
  std::vector<uint8_t> labels_at_end(bool at_start) const {
    const Grouped<Nfa::EmptyEdge> into =
        group(nfa_.empty_edges, nfa_.num_states(), [](const Nfa::EmptyEdge& e) { return e.to; });
    std::vector<uint8_t> label = nfa_.accepting;
    std::vector<int32_t> stack;
    for (int32_t s = 0; s < nfa_.num_states(); ++s) {
      if (label[static_cast<size_t>(s)] != 0) stack.push_back(s);
    }
    while (!stack.empty()) {
      const int32_t s = stack.back();
      stack.pop_back();
      for (const Nfa::EmptyEdge& e : into.of(s)) {
        if (e.when == Nfa::When::kAtStart && !at_start) continue;
        uint8_t& from = label[static_cast<size_t>(e.from)];
        if (from < label[static_cast<size_t>(s)]) {
          from = label[static_cast<size_t>(s)];
          stack.push_back(e.from);
        }
      }
    }
    return label;
  }

  // Which states lead to an accepting one without being at the start again. The others, like the loop before a pattern
  // that begins with `^`, would only multiply the sets.
  void find_hopeful() {
    std::vector<int32_t> next_of(nfa_.edges.size() + nfa_.empty_edges.size());
    std::vector<int32_t> head(static_cast<size_t>(nfa_.num_states()), kUnset);  // lists of edges by their end
    const auto link = [&](size_t edge, int32_t to) {
      next_of[edge] = head[static_cast<size_t>(to)];
      head[static_cast<size_t>(to)] = static_cast<int32_t>(edge);
    };
    for (size_t e = 0; e < nfa_.edges.size(); ++e) link(e, nfa_.edges[e].to);
    for (size_t e = 0; e < nfa_.empty_edges.size(); ++e) {
      if (nfa_.empty_edges[e].when != Nfa::When::kAtStart) link(nfa_.edges.size() + e, nfa_.empty_edges[e].to);
    }
    hopeful_.assign(static_cast<size_t>(nfa_.num_states()), 0);
    std::vector<int32_t> stack;
    for (size_t s = 0; s < hopeful_.size(); ++s) {
      if (nfa_.accepting[s] == 0) continue;
      hopeful_[s] = 1;
      stack.push_back(static_cast<int32_t>(s));
    }
    while (!stack.empty()) {
      const size_t s = static_cast<size_t>(stack.back());
      stack.pop_back();
      for (int32_t e = head[s]; e != kUnset; e = next_of[static_cast<size_t>(e)]) {
        const size_t edge = static_cast<size_t>(e);
        const int32_t from =
            edge < nfa_.edges.size() ? nfa_.edges[edge].from : nfa_.empty_edges[edge - nfa_.edges.size()].from;
        if (hopeful_[static_cast<size_t>(from)] != 0) continue;
        hopeful_[static_cast<size_t>(from)] = 1;
        stack.push_back(from);
      }
    }
  }

  // Appends the states reached from `state` by empty steps that matter, each once: those with edges or a label.
  Status add_closure(int32_t state, bool at_start, std::vector<int32_t>& out) {
    ++closure_generation_;
    stack_.push_back(state);
    while (!stack_.empty()) {
      const int32_t s = stack_.back();
      stack_.pop_back();
      if (closure_mark_[static_cast<size_t>(s)] == closure_generation_) continue;
      closure_mark_[static_cast<size_t>(s)] = closure_generation_;
      if (!at_start && hopeful_[static_cast<size_t>(s)] == 0) continue;
      if (!edges_.of(s).empty() || end_label_[static_cast<size_t>(s)] != 0) out.push_back(s);
      const auto steps = empties_.of(s);
      TRY(spend(1 + steps.size()));
      for (const Nfa::EmptyEdge& e : steps) {
        if (e.when == Nfa::When::kAlways || (e.when == Nfa::When::kAtStart && at_start)) stack_.push_back(e.to);
      }
    }
    return {};
  }

  // The same from a cache, away from the start of the text.
  Status add_cached_closure(int32_t state, std::vector<int32_t>& out) {
    auto& [from, to] = closure_at_[static_cast<size_t>(state)];
    if (from == kUnset) {
      if (empties_.of(state).empty()) {
        if (mark_[static_cast<size_t>(state)] != generation_) {
          mark_[static_cast<size_t>(state)] = generation_;
          out.push_back(state);
        }
        return {};
      }
      const size_t begin = closures_.size();
      TRY(add_closure(state, false, closures_));
      if (closures_.size() > max_pool()) return too_complex();
      from = static_cast<int32_t>(begin);
      to = static_cast<int32_t>(closures_.size());
    }
    for (int32_t i = from; i < to; ++i) {
      const int32_t s = closures_[static_cast<size_t>(i)];
      if (mark_[static_cast<size_t>(s)] != generation_) {
        mark_[static_cast<size_t>(s)] = generation_;
        out.push_back(s);
      }
    }
    return spend(static_cast<uint64_t>(to - from));
  }

  size_t max_pool() const { return limits_.memory_bytes / 8 / sizeof(int32_t); }

  Status add_start() {
    set_.clear();
    TRY(add_closure(nfa_.start, true, set_));
    const std::vector<uint8_t> label = labels_at_end(true);
    TRY_ASSIGN(int32_t start, add_set());
    (void)start;
    out_.accepting[0] = label[static_cast<size_t>(nfa_.start)];
    // A later state with the same set accepts less when the start's empty steps were worth something: keep it apart.
    bool conditional = false;
    for (const Nfa::EmptyEdge& e : nfa_.empty_edges) conditional |= e.when == Nfa::When::kAtStart;
    if (!conditional) insert(0, hash_of(set_));
    return {};
  }

  // The same in any order.
  static uint64_t hash_of(std::span<const int32_t> set) {
    uint64_t sum = set.size();
    for (int32_t s : set) {
      const uint64_t h = (static_cast<uint64_t>(s) + 1) * 0x9E3779B97F4A7C15ULL;
      sum += h ^ (h >> 29);
    }
    return sum * 0xD6E8FEB86659FD93ULL ^ (sum >> 32);
  }

  std::span<const int32_t> set_of(int32_t state) const {
    const auto& [from, to] = sets_[static_cast<size_t>(state)];
    return std::span(pool_).subspan(from, to - from);
  }

  void insert(int32_t state, uint64_t hash) {
    hashes_[static_cast<size_t>(state)] = hash;
    size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != kUnset) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = state;
  }

  void grow_table() {
    const std::vector<int32_t> old = std::move(slots_);
    slots_.assign(old.size() * 2, kUnset);
    for (int32_t state : old) {
      if (state != kUnset) insert(state, hashes_[static_cast<size_t>(state)]);
    }
  }

  // The automaton's state for the set in `set_`: the known one, or one more.
  Result<int32_t> find_or_add() {
    if (set_.empty()) return Dfa::kDead;
    const bool absorbed = nfa_.absorbing >= 0 && mark_[static_cast<size_t>(nfa_.absorbing)] == generation_;
    if (absorbed) set_.assign(1, nfa_.absorbing);
    const uint64_t hash = hash_of(set_);
    for (size_t at = hash & (slots_.size() - 1); slots_[at] != kUnset; at = (at + 1) & (slots_.size() - 1)) {
      const int32_t state = slots_[at];
      if (hashes_[static_cast<size_t>(state)] != hash) continue;
      if (is_marked(set_of(state))) return state;
    }
    TRY_ASSIGN(const int32_t added, add_set());
    insert(added, hash);
    return added;
  }

  // The set that is being made has these members and no others (all of its members are marked).
  bool is_marked(std::span<const int32_t> members) const {
    if (members.size() != set_.size()) return false;
    return std::all_of(members.begin(), members.end(),
                       [this](int32_t s) { return mark_[static_cast<size_t>(s)] == generation_; });
  }

  Result<int32_t> add_set() {
    const size_t cells = (out_.accepting.size() + 1) * static_cast<size_t>(out_.num_classes);
    if (num_states() >= limits_.max_states || pool_.size() + set_.size() > max_pool() || cells > max_pool()) {
      return too_complex();
    }
    if (static_cast<size_t>(num_states() + 1) * 2 > slots_.size()) grow_table();
    sets_.emplace_back(pool_.size(), pool_.size() + set_.size());
    pool_.insert(pool_.end(), set_.begin(), set_.end());
    uint8_t label = 0;
    for (int32_t s : set_) label = std::max(label, end_label_[static_cast<size_t>(s)]);
    out_.accepting.push_back(label);
    out_.next.resize(out_.next.size() + static_cast<size_t>(out_.num_classes), Dfa::kDead);
    hashes_.push_back(0);
    return num_states() - 1;
  }

  // The steps of one state: its edges cut the classes into intervals, and each interval has one target set.
  Status expand(int32_t state) {
    active_.clear();
    std::array<uint8_t, 257> begins{};
    for (int32_t s : set_of(state)) {
      for (const Nfa::Edge& e : edges_.of(s)) {
        if (hopeful_[static_cast<size_t>(e.to)] == 0) continue;
        const int32_t first = class_of_symbol_[e.first];
        const int32_t end = class_of_symbol_[e.last] + 1;
        active_.push_back({first, end, e.to});
        begins[static_cast<size_t>(first)] = 1;
        begins[static_cast<size_t>(end)] = 1;
      }
    }
    distribute(begins);
    for (size_t i = 0; i < num_intervals_; ++i) {
      TRY(spend(1 + static_cast<uint64_t>(fill_[i + 1] - fill_[i])));
      TRY_ASSIGN(const int32_t target, target_of_interval(i));
      if (target == Dfa::kDead) continue;
      int32_t* row = out_.next.data() + static_cast<size_t>(state) * static_cast<size_t>(out_.num_classes);
      std::fill(row + interval_begin_[i], row + interval_begin_[i + 1], target);
    }
    return {};
  }

  // Many intervals differ for other states only: those with equal ends have equal targets.
  Result<int32_t> target_of_interval(size_t i) {
    const auto ends = [this](size_t interval) {
      return std::span<const int32_t>(targets_).subspan(static_cast<size_t>(fill_[interval]),
                                                        static_cast<size_t>(fill_[interval + 1] - fill_[interval]));
    };
    const auto mine = ends(i);
    interval_hash_[i] = hash_of(mine);
    for (size_t j = i; j-- > 0;) {
      if (interval_hash_[j] != interval_hash_[i]) continue;
      const auto known = ends(j);
      if (std::equal(mine.begin(), mine.end(), known.begin(), known.end()))
        return interval_target_[i] = interval_target_[j];
    }
    ++generation_;
    set_.clear();
    for (int32_t end : mine) TRY(add_cached_closure(end, set_));
    TRY_ASSIGN(interval_target_[i], find_or_add());
    return interval_target_[i];
  }

  // The ends of active edges by interval: those of interval i are targets_[fill_[i]..fill_[i + 1]).
  void distribute(const std::array<uint8_t, 257>& begins) {
    const size_t classes = static_cast<size_t>(out_.num_classes);
    std::array<int32_t, 257> interval_of{};  // of the class; before the first interval: that one
    num_intervals_ = 0;
    for (size_t c = 0; c <= classes; ++c) {
      if (begins[c] != 0) interval_begin_[num_intervals_++] = static_cast<int32_t>(c);
      interval_of[c] = static_cast<int32_t>(num_intervals_) - 1;
    }
    if (num_intervals_ > 0) --num_intervals_;  // the last begin is the end of the last interval
    fill_.fill(0);
    for (const Range& range : active_) {
      const int32_t end = interval_of[static_cast<size_t>(range.end)];
      for (int32_t i = interval_of[static_cast<size_t>(range.first)]; i < end; ++i) ++fill_[static_cast<size_t>(i) + 2];
    }
    for (size_t i = 2; i < fill_.size(); ++i) fill_[i] += fill_[i - 1];
    targets_.resize(static_cast<size_t>(fill_.back()));
    for (const Range& range : active_) {
      const int32_t end = interval_of[static_cast<size_t>(range.end)];
      for (int32_t i = interval_of[static_cast<size_t>(range.first)]; i < end; ++i) {
        targets_[static_cast<size_t>(fill_[static_cast<size_t>(i) + 1]++)] = range.to;
      }
    }
  }

  struct Range {
    int32_t first, end, to;  // classes [first, end)
  };

  const Nfa& nfa_;
  const GrammarLimits& limits_;
  Grouped<Nfa::Edge> edges_;
  Grouped<Nfa::EmptyEdge> empties_;
  std::array<uint8_t, 256> class_of_symbol_{};
  std::vector<uint8_t> end_label_;
  std::vector<uint8_t> hopeful_;
  std::vector<std::pair<int32_t, int32_t>> closure_at_;  // into closures_; kUnset: not yet known
  std::vector<int32_t> closures_;
  std::vector<uint32_t> mark_;  // == generation_: in the set that is being made
  uint32_t generation_ = 0;
  std::vector<uint32_t> closure_mark_;  // the same while one closure is followed
  uint32_t closure_generation_ = 0;
  std::vector<int32_t> stack_, set_;
  std::vector<Range> active_;
  std::vector<int32_t> targets_;
  std::array<int32_t, 260> fill_{};
  std::array<int32_t, 258> interval_begin_{};
  std::array<uint64_t, 257> interval_hash_{};
  std::array<int32_t, 257> interval_target_{};
  size_t num_intervals_ = 0;
  std::vector<std::pair<size_t, size_t>> sets_;  // of each state, into pool_
  std::vector<int32_t> pool_;
  std::vector<uint64_t> hashes_;
  std::vector<int32_t> slots_;  // open addressing, a power of two
  uint64_t steps_ = 0;
  Dfa out_;
};

}  // namespace

Result<Dfa> determinize(const Nfa& nfa, const GrammarLimits& limits) { return SubsetConstruction(nfa, limits).run(); }

}  // namespace weft
