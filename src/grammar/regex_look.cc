// Assertions by product: beside each state of the pattern run the automata of the look-aheads that were passed and
// have to come true, those of all look-behinds, and what kind of character came last.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "grammar/dfa_minimize.h"
#include "grammar/regex_nfa.h"

namespace weft {
namespace {

constexpr int32_t kDead = Dfa::kDead;

bool is_word_byte(uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || byte == '_' || (byte >= 'a' && byte <= 'z');
}

// The state from which `a` accepts every valid text; -1: there is none. Minimal automata have one at most.
int32_t universal_state(const Dfa& a) {
  const Dfa any = dfa::any_text();
  for (int32_t candidate = 0; candidate < a.num_states(); ++candidate) {
    if (a.accepting[static_cast<size_t>(candidate)] == 0) continue;
    std::vector<int32_t> partner(static_cast<size_t>(any.num_states()), kDead);
    std::vector<int32_t> stack{0};
    partner[0] = candidate;
    bool same = true;
    while (same && !stack.empty()) {
      const int32_t state = stack.back();
      stack.pop_back();
      const int32_t mine = partner[static_cast<size_t>(state)];
      same = (a.accepting[static_cast<size_t>(mine)] != 0) == (any.accepting[static_cast<size_t>(state)] != 0);
      for (size_t byte = 0; same && byte < 256; ++byte) {
        const int32_t to = any.step(state, static_cast<uint8_t>(byte));
        const int32_t my_to = a.step(mine, static_cast<uint8_t>(byte));
        if (to == kDead) continue;  // no valid text goes on so
        int32_t& known = partner[static_cast<size_t>(to)];
        same = my_to != kDead && (known == kDead || known == my_to);
        if (same && known == kDead) {
          known = my_to;
          stack.push_back(to);
        }
      }
    }
    if (same) return candidate;
  }
  return -1;
}

// One place in the product. `pending`: (automaton, state) of what has to come true, sorted, no universal ones.
// `past`: the state of each look-behind's automaton.
struct Place {
  int32_t state = 0;
  Before before = Before::kStart;
  std::vector<int32_t> past;
  std::vector<std::pair<int32_t, int32_t>> pending;
  auto operator<=>(const Place&) const = default;
};

class Resolver {
 public:
  Resolver(const RegexNfa& in, const LookLanguages& languages, const GrammarLimits& limits)
      : in_(in), languages_(languages), limits_(limits) {
    for (const LookLanguages::Look& look : languages.looks) {
      first_automaton_.push_back(static_cast<int32_t>(automata_.size()));
      for (const Dfa& a : look.by_before) automata_.push_back(&a);
      if (!look.ahead) behind_.push_back(static_cast<int32_t>(automata_.size()) - 1);
    }
    word_next_ = static_cast<int32_t>(automata_.size());
    automata_.push_back(&word_next());
    other_next_ = word_next_ + 1;
    automata_.push_back(&other_next());
    for (const Dfa* a : automata_) universal_.push_back(universal_state(*a));
  }

  Result<Nfa> run(Before before) {
    find_symbols();
    group_edges();
    Place start;
    start.state = in_.nfa.start;
    start.before = before;
    start.past.assign(behind_.size(), 0);
    out_.start = number_of(start);
    out_.symbol_of_byte = symbol_of_byte_;
    out_.num_symbols = static_cast<int32_t>(sample_.size());
    for (size_t i = 0; i < places_.size(); ++i) {
      const Place place = places_[i];
      TRY(expand(place, static_cast<int32_t>(i)));
    }
    return std::move(out_);
  }

 private:
  static const Dfa& word_next() {
    static const Dfa a = next_character(true);
    return a;
  }
  static const Dfa& other_next() {
    static const Dfa a = next_character(false);
    return a;
  }
  // The texts that begin with a word character, or the others.
  static Dfa next_character(bool word) {
    Nfa nfa;
    nfa.start = nfa.add_state();
    const int32_t rest = nfa.add_state();
    nfa.accepting[static_cast<size_t>(rest)] = 1;
    nfa.accepting[static_cast<size_t>(nfa.start)] = word ? 0 : 1;
    Utf8Graph(word ? word_set() : word_set().complement()).add_to(nfa, nfa.start, rest);
    add_any_characters(nfa, rest);
    return determinize(nfa, GrammarLimits{}).value();
  }

  // Bytes between two neighbouring bounds behave alike everywhere.
  void find_symbols() {
    std::array<uint8_t, 257> begins{};
    begins[0] = 1;
    for (const Nfa::Edge& e : in_.nfa.edges) {
      begins[e.first] = 1;
      begins[static_cast<size_t>(e.last) + 1] = 1;
    }
    for (size_t byte = 1; byte < 256; ++byte) {
      if (is_word_byte(static_cast<uint8_t>(byte)) != is_word_byte(static_cast<uint8_t>(byte - 1))) begins[byte] = 1;
      for (const Dfa* a : automata_) {
        if (a->byte_class[byte] != a->byte_class[byte - 1]) begins[byte] = 1;
      }
    }
    for (size_t byte = 0; byte < 256; ++byte) {
      if (begins[byte] != 0) sample_.push_back(static_cast<uint8_t>(byte));
      symbol_of_byte_[byte] = static_cast<uint8_t>(sample_.size() - 1);
    }
  }

  void group_edges() {
    const size_t n = static_cast<size_t>(in_.nfa.num_states());
    edges_.resize(n);
    empties_.resize(n);
    looks_.resize(n);
    for (const Nfa::Edge& e : in_.nfa.edges) edges_[static_cast<size_t>(e.from)].push_back(e);
    for (const Nfa::EmptyEdge& e : in_.nfa.empty_edges) empties_[static_cast<size_t>(e.from)].push_back(e);
    for (const LookEdge& e : in_.look_edges) looks_[static_cast<size_t>(e.from)].push_back(e);
  }

  int32_t number_of(Place place) {
    if (place.state == in_.nfa.absorbing && place.pending.empty()) {
      // Whatever came before no longer matters.
      place.before = Before::kOther;
      std::fill(place.past.begin(), place.past.end(), 0);
    }
    const auto [at, is_new] = numbers_.try_emplace(place, static_cast<int32_t>(places_.size()));
    if (is_new) {
      const int32_t number = out_.add_state();
      out_.accepting[static_cast<size_t>(number)] = accepts(place);
      if (place.state == in_.nfa.absorbing && place.pending.empty()) out_.absorbing = number;
      places_.push_back(std::move(place));
    }
    return at->second;
  }

  uint8_t accepts(const Place& place) const {
    for (const auto& [automaton, state] : place.pending) {
      if (automata_[static_cast<size_t>(automaton)]->accepting[static_cast<size_t>(state)] == 0) return 0;
    }
    return in_.nfa.accepting[static_cast<size_t>(place.state)];
  }

  Status expand(const Place& place, int32_t number) {
    steps_ += 1 + place.pending.size() + place.past.size();
    if (out_.num_states() > 4 * limits_.max_states || steps_ > limits_.steps / 8) {
      return make_error(ErrorCode::kGrammarTooComplex,
                        "The assertions of this regular expression need too large an automaton; simplify them.");
    }
    const size_t s = static_cast<size_t>(place.state);
    for (const Nfa::EmptyEdge& e : empties_[s]) {
      if (e.when == Nfa::When::kAtStart && place.before != Before::kStart) continue;
      Place to = place;
      to.state = e.to;
      out_.add_empty(number, number_of(std::move(to)), e.when);
    }
    for (const LookEdge& e : looks_[s]) follow_look(place, number, e);
    for (const Nfa::Edge& e : edges_[s]) follow_bytes(place, number, e);
    return {};
  }

  void follow_look(const Place& place, int32_t number, const LookEdge& edge) {
    Place to = place;
    to.state = edge.to;
    if (edge.look < 0) {
      const bool boundary = edge.look == LookEdge::kWordBoundary;
      const bool after_word = place.before == Before::kWord;
      if (!require(boundary != after_word ? word_next_ : other_next_, to)) return;
    } else {
      const LookLanguages::Look& look = languages_.looks[static_cast<size_t>(edge.look)];
      const int32_t automaton = first_automaton_[static_cast<size_t>(edge.look)];
      if (look.ahead) {
        const size_t before = look.by_before.size() == 1 ? 0 : static_cast<size_t>(place.before);
        if (!require(automaton + static_cast<int32_t>(before), to)) return;
      } else {
        const size_t which =
            static_cast<size_t>(std::find(behind_.begin(), behind_.end(), automaton) - behind_.begin());
        const int32_t state = place.past[which];
        const Dfa& a = *automata_[static_cast<size_t>(automaton)];
        if (state == kDead || a.accepting[static_cast<size_t>(state)] == 0) return;
      }
    }
    out_.add_empty(number, number_of(std::move(to)));
  }

  // The rest of the text has to be in the automaton's language; false when no text is.
  bool require(int32_t automaton, Place& place) const {
    if (automata_[static_cast<size_t>(automaton)]->is_empty()) return false;
    if (universal_[static_cast<size_t>(automaton)] == 0) return true;
    add_pending({automaton, 0}, place.pending);
    return true;
  }

  static void add_pending(std::pair<int32_t, int32_t> item, std::vector<std::pair<int32_t, int32_t>>& pending) {
    const auto at = std::lower_bound(pending.begin(), pending.end(), item);
    if (at == pending.end() || *at != item) pending.insert(at, item);
  }

  void follow_bytes(const Place& place, int32_t number, const Nfa::Edge& edge) {
    const int32_t last = symbol_of_byte_[edge.last];
    int32_t run_begin = -1;
    int32_t run_target = kDead;
    for (int32_t symbol = symbol_of_byte_[edge.first]; symbol <= last + 1; ++symbol) {
      const int32_t target = symbol <= last ? step(place, edge.to, sample_[static_cast<size_t>(symbol)]) : kDead;
      if (target == run_target) continue;
      if (run_target != kDead) {
        out_.add_edge(number, static_cast<uint8_t>(run_begin), static_cast<uint8_t>(symbol - 1), run_target);
      }
      run_begin = symbol;
      run_target = target;
    }
  }

  int32_t step(const Place& place, int32_t state, uint8_t byte) {
    ++steps_;
    Place to;
    to.state = state;
    to.before = is_word_byte(byte) ? Before::kWord : Before::kOther;
    for (const auto& [automaton, at] : place.pending) {
      const int32_t next = automata_[static_cast<size_t>(automaton)]->step(at, byte);
      if (next == kDead) return kDead;
      if (next != universal_[static_cast<size_t>(automaton)]) add_pending({automaton, next}, to.pending);
    }
    for (size_t i = 0; i < behind_.size(); ++i) {
      const int32_t at = place.past[i];
      to.past.push_back(at == kDead ? kDead : automata_[static_cast<size_t>(behind_[i])]->step(at, byte));
    }
    return number_of(std::move(to));
  }

  const RegexNfa& in_;
  const LookLanguages& languages_;
  const GrammarLimits& limits_;
  std::vector<const Dfa*> automata_;
  std::vector<int32_t> universal_;        // of each automaton
  std::vector<int32_t> first_automaton_;  // of each look
  std::vector<int32_t> behind_;           // automata of look-behinds
  int32_t word_next_ = 0, other_next_ = 0;
  std::array<uint8_t, 256> symbol_of_byte_{};
  std::vector<uint8_t> sample_;  // a byte of each symbol
  std::vector<std::vector<Nfa::Edge>> edges_;
  std::vector<std::vector<Nfa::EmptyEdge>> empties_;
  std::vector<std::vector<LookEdge>> looks_;
  std::map<Place, int32_t> numbers_;
  std::vector<Place> places_;
  uint64_t steps_ = 0;
  Nfa out_;
};

}  // namespace

Result<Nfa> resolve_looks(const RegexNfa& nfa, const LookLanguages& languages, Before before,
                          const GrammarLimits& limits) {
  return Resolver(nfa, languages, limits).run(before);
}

}  // namespace weft
