#include "grammar/slices.h"

#include <algorithm>
#include <map>

namespace weft {

namespace {

constexpr int32_t kFewNodes = 4;     // of a subtree that is walked sooner than looked at as a whole
constexpr size_t kMaxListed = 2048;  // tokens; a longer list is larger than the bits, or slower to add

bool has_byte(const ByteMask& set, uint8_t byte) { return ((set[byte / 64] >> (byte % 64)) & 1) != 0; }

// The state that every character beyond ASCII leads to; kDead where they don't agree. Bytes of one class are tried
// once.
int32_t after_characters(const Dfa& dfa, int32_t state) {
  struct Lead {
    uint8_t first, last, low, high;
    int more;
  };
  constexpr Lead kLeads[] = {{0xC2, 0xDF, 0x80, 0xBF, 0}, {0xE0, 0xE0, 0xA0, 0xBF, 1}, {0xE1, 0xEC, 0x80, 0xBF, 1},
                             {0xED, 0xED, 0x80, 0x9F, 1}, {0xEE, 0xEF, 0x80, 0xBF, 1}, {0xF0, 0xF0, 0x90, 0xBF, 2},
                             {0xF1, 0xF3, 0x80, 0xBF, 2}, {0xF4, 0xF4, 0x80, 0x8F, 2}};
  int32_t target = Dfa::kDead;
  for (const Lead& lead : kLeads) {
    std::vector<int32_t> at, after;
    auto step_all = [&](int32_t from, int low, int high) {
      for (int byte = low; byte <= high; ++byte) {
        if (byte > low && dfa.byte_class[static_cast<size_t>(byte)] == dfa.byte_class[static_cast<size_t>(byte) - 1]) {
          continue;
        }
        int32_t to = dfa.step(from, static_cast<uint8_t>(byte));
        if (std::find(after.begin(), after.end(), to) == after.end()) after.push_back(to);
      }
    };
    step_all(state, lead.first, lead.last);
    for (int level = 0; level <= lead.more; ++level) {
      std::swap(at, after);
      after.clear();
      if (std::find(at.begin(), at.end(), Dfa::kDead) != at.end()) return Dfa::kDead;
      for (int32_t from : at) step_all(from, level == 0 ? lead.low : 0x80, level == 0 ? lead.high : 0xBF);
    }
    if (after.size() != 1 || (target != Dfa::kDead && after[0] != target)) return Dfa::kDead;
    target = after[0];
  }
  return target;
}

TokenSet set_of(std::vector<TokenId> tokens, int32_t vocabulary_size) {
  TokenSet set;
  if (tokens.size() <= kMaxListed) {
    tokens.shrink_to_fit();
    set.list = std::move(tokens);
    return set;
  }
  set.bits.assign((static_cast<size_t>(vocabulary_size) + 31) / 32, 0);
  for (TokenId token : tokens) set_token(set.bits, token);
  return set;
}

class SliceBuilder {
 public:
  explicit SliceBuilder(const TokenVocabulary& vocabulary) : vocabulary_(vocabulary) {}

  void inside(std::span<const TokenId> tokens) {
    if (tokens.size() == 1) {
      inside_.push_back(tokens[0]);
    } else if (!tokens.empty()) {
      inside_.insert(inside_.end(), tokens.begin(), tokens.end());
    }
  }
  void exit(int32_t label, std::string_view rest, TokenId token) { exits_[label].push_back({rest, token}); }
  void walk(TokenId token) { to_walk_.push_back({vocabulary_.text(token), token}); }

  std::shared_ptr<const Slice> finish() {
    auto slice = std::make_shared<Slice>();
    slice->inside = set_of(std::move(inside_), vocabulary_.size());
    for (auto& [label, entries] : exits_) slice->exits.push_back({label, TokenTrie::build(std::move(entries))});
    slice->to_walk = TokenTrie::build(std::move(to_walk_));
    return slice;
  }

 private:
  const TokenVocabulary& vocabulary_;
  std::vector<TokenId> inside_;
  std::map<int32_t, std::vector<TokenTrie::Entry>> exits_;
  std::vector<TokenTrie::Entry> to_walk_;
};

class StringSliceWalk {
 public:
  StringSliceWalk(const TokenVocabulary& vocabulary, const MachineTables& tables, const StringTable& table,
                  SliceMode mode)
      : vocabulary_(vocabulary),
        trie_(vocabulary.trie()),
        tables_(tables),
        table_(table),
        dfa_(tables.automaton(table.automaton)),
        mode_(mode),
        builder_(vocabulary) {}

  std::shared_ptr<const Slice> run(const StringState& start) {
    levels_.resize(static_cast<size_t>(trie_.max_depth()) + 1);
    levels_[0] = {start, start.escape != 0};
    for (int32_t n = 1; n < trie_.num_nodes();) n = visit(n);
    return builder_.finish();
  }

 private:
  struct Level {
    StringState at;
    bool escaped;
  };

  int32_t visit(int32_t n) {
    const TokenTrie::Node& node = trie_.node(n);
    const Level& before = levels_[node.depth - 1u];
    Level& level = levels_[node.depth];
    level = before;
    if (before.at.escape == 0 && node.byte >= 0x20 && node.byte != '"' && node.byte != '\\' && !table_.ranged) {
      level.at.state = dfa_.step(before.at.state, node.byte);
      if (level.at.state < 0) return node.skip;
    } else {
      if (before.at.escape == 0 && node.byte == '"') {
        if (string_may_end(tables_, table_, before.at)) end_string(n, before);
        return node.skip;
      }
      if (!step_string(tables_, table_, level.at, node.byte)) return node.skip;
      level.escaped = level.escaped || level.at.escape != 0;
    }
    if (node.skip > n + kFewNodes && all_stay(n, level.at)) {
      builder_.inside(trie_.subtree_tokens(n));
      return node.skip;
    }
    builder_.inside(trie_.own_tokens(node));
    return n + 1;
  }

  bool all_stay(int32_t n, const StringState& at) {
    if (at.escape != 0) return false;
    const TokenTrie::Node& node = trie_.node(n);
    if (table_.ranged && table_.max_chars) {
      int32_t left = tables_.chars_left(table_.automaton, at.state).min;
      if (node.longest == 255 || int64_t{at.chars} + node.longest + left > *table_.max_chars) return false;
    }
    return loops_.cover(dfa_, at.state, trie_, n, table_.ranged);
  }

  // The tokens of the subtree hold the quote that ends the string.
  void end_string(int32_t n, const Level& before) {
    const TokenTrie::Node& node = trie_.node(n);
    int32_t label = dfa_.accepting[static_cast<size_t>(before.at.state)];
    for (TokenId token : trie_.subtree_tokens(n)) {
      std::string_view rest = vocabulary_.text(token).substr(node.depth);
      bool more_strings = std::count(rest.begin(), rest.end(), '"') > 1;
      if (mode_ == SliceMode::kStringWalk || (mode_ == SliceMode::kKey && (before.escaped || more_strings))) {
        builder_.walk(token);
      } else if (mode_ == SliceMode::kString && rest.empty()) {
        builder_.inside(std::span(&token, 1));
      } else {
        builder_.exit(label, rest, token);
      }
    }
  }

  const TokenVocabulary& vocabulary_;
  const TokenTrie& trie_;
  const MachineTables& tables_;
  const StringTable& table_;
  const Dfa& dfa_;
  SliceMode mode_;
  SliceBuilder builder_;
  PathCache loops_{PathCache::Kind::kString};
  std::vector<Level> levels_;
};

}  // namespace

PathCache::Step& PathCache::step(const Dfa& dfa, int32_t state) {
  if (dfa_ != &dfa || steps_.size() > kMaxSteps) steps_.clear();
  dfa_ = &dfa;
  auto [at, added] = steps_.try_emplace(state);
  Step& step = at->second;
  if (!added) return step;
  auto target = [&](size_t byte) {
    bool special = kind_ == Kind::kString && (byte < 0x20 || byte == '"' || byte == '\\');
    return special ? Dfa::kDead : dfa.step(state, static_cast<uint8_t>(byte));
  };
  // Where most bytes lead, by majority vote.
  int votes = 0;
  for (size_t byte = 0; byte < 128; ++byte) {
    int32_t to = target(byte);
    if (to < 0) continue;
    if (votes == 0) step.next = to;
    votes += to == step.next ? 1 : -1;
  }
  for (size_t byte = 0; byte < 128; ++byte) {
    if (step.next >= 0 && target(byte) == step.next) step.ascii[byte / 64] |= uint64_t{1} << (byte % 64);
  }
  step.characters = step.next >= 0 && after_characters(dfa, state) == step.next;
  return step;
}

int32_t PathCache::run(const Dfa& dfa, int32_t state) {
  const Step first = step(dfa, state);
  if (first.run >= 0) return first.run;
  int32_t length = 0;
  for (int32_t at = state; length < kLongestRun; ++length) {
    const Step& now = step(dfa, at);
    if ((first.ascii[0] & ~now.ascii[0]) != 0 || (first.ascii[1] & ~now.ascii[1]) != 0) break;
    if (now.next < 0 || (first.characters && !now.characters)) break;
    if (now.next == at) length = 255;
    at = now.next;
  }
  step(dfa, state).run = length;
  return length;
}

bool PathCache::cover(const Dfa& dfa, int32_t state, const TokenTrie& trie, int32_t node, bool same) {
  const TokenTrie::ByteSet& below = trie.bytes_below(node);
  const Step& from = step(dfa, state);
  if ((below.ascii[0] & ~from.ascii[0]) != 0 || (below.ascii[1] & ~from.ascii[1]) != 0) return false;
  if (below.other && (!from.characters || below.broken)) return false;
  if (from.next == state) return true;
  return !same && trie.node(node).longest <= std::min(254, run(dfa, state));
}

std::shared_ptr<const Slice> make_string_slice(const TokenVocabulary& vocabulary, const MachineTables& tables,
                                               const StringTable& table, const StringState& start, SliceMode mode) {
  return StringSliceWalk(vocabulary, tables, table, mode).run(start);
}

std::shared_ptr<const Slice> make_text_slice(const TokenVocabulary& vocabulary, const Dfa& dfa, int32_t state,
                                             const ByteMask& follow) {
  const TokenTrie& trie = vocabulary.trie();
  SliceBuilder builder(vocabulary);
  std::vector<int32_t> levels(static_cast<size_t>(trie.max_depth()) + 1);
  levels[0] = state;
  PathCache paths(PathCache::Kind::kText);
  for (int32_t n = 1; n < trie.num_nodes();) {
    const TokenTrie::Node& node = trie.node(n);
    int32_t before = levels[node.depth - 1u];
    if (node.depth > 1 && dfa.accepting[static_cast<size_t>(before)] != 0 && has_byte(follow, node.byte)) {
      for (TokenId token : trie.subtree_tokens(n)) {
        builder.exit(0, vocabulary.text(token).substr(node.depth - 1u), token);
      }
    }
    int32_t at = dfa.step(before, node.byte);
    levels[node.depth] = at;
    if (at < 0) {
      n = node.skip;
      continue;
    }
    if (node.skip > n + kFewNodes) {
      const TokenTrie::ByteSet& below = trie.bytes_below(n);
      bool may_exit = (below.ascii[0] & follow[0]) != 0 || (below.ascii[1] & follow[1]) != 0 ||
                      (below.other && (follow[2] | follow[3]) != 0);
      bool stays = dfa.accepting[static_cast<size_t>(at)] == 0;
      if ((!may_exit || stays) && paths.cover(dfa, at, trie, n, may_exit)) {
        builder.inside(trie.subtree_tokens(n));
        n = node.skip;
        continue;
      }
    }
    builder.inside(trie.own_tokens(node));
    ++n;
  }
  return builder.finish();
}

}  // namespace weft
