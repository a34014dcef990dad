// Finite sets of texts: a trie whose equal branches are shared, which is the minimal automaton.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/dfa.h"
#include "grammar/dfa_minimize.h"

namespace weft::dfa {
namespace {

struct TrieEdge {
  uint8_t byte;
  int32_t to;
  int32_t next;  // edge of the same node, -1: none
};
struct TrieNode {
  int32_t first_edge = -1;
  uint8_t accepting = 0;
};

struct Trie {
  std::vector<TrieNode> nodes;
  std::vector<TrieEdge> edges;
};

// `texts` sorted: a new text shares a prefix with the one before it, whose nodes are on `path`. A node's edges are in
// descending order of their bytes, and every node has a smaller number than its children.
Trie build_trie(const std::vector<std::string_view>& texts) {
  Trie trie;
  trie.nodes.emplace_back();
  std::vector<int32_t> path{0};
  std::string_view before;
  for (std::string_view text : texts) {
    const size_t common =
        static_cast<size_t>(std::mismatch(text.begin(), text.end(), before.begin(), before.end()).first - text.begin());
    path.resize(common + 1);
    for (size_t i = common; i < text.size(); ++i) {
      const int32_t node = static_cast<int32_t>(trie.nodes.size());
      trie.nodes.emplace_back();
      TrieNode& parent = trie.nodes[static_cast<size_t>(path.back())];
      trie.edges.push_back({static_cast<uint8_t>(text[i]), node, parent.first_edge});
      parent.first_edge = static_cast<int32_t>(trie.edges.size()) - 1;
      path.push_back(node);
    }
    trie.nodes[static_cast<size_t>(path.back())].accepting = 1;
    before = text;
  }
  return trie;
}

// From the leaves up, each node is replaced by the first one met with the same label and the same edges. Returns the
// number of nodes that stay; representative[n] stands for n.
size_t share_branches(Trie& trie, std::vector<int32_t>& representative) {
  representative.assign(trie.nodes.size(), -1);
  size_t capacity = 64;
  while (capacity < trie.nodes.size() * 2) capacity *= 2;
  std::vector<int32_t> slots(capacity, -1);
  size_t kept = 0;
  const auto same = [&trie](int32_t a, int32_t b) {
    const TrieNode& x = trie.nodes[static_cast<size_t>(a)];
    const TrieNode& y = trie.nodes[static_cast<size_t>(b)];
    if (x.accepting != y.accepting) return false;
    int32_t i = x.first_edge;
    int32_t j = y.first_edge;
    while (i >= 0 && j >= 0) {
      const TrieEdge& e = trie.edges[static_cast<size_t>(i)];
      const TrieEdge& f = trie.edges[static_cast<size_t>(j)];
      if (e.byte != f.byte || e.to != f.to) return false;
      i = e.next;
      j = f.next;
    }
    return i == j;
  };
  for (size_t n = trie.nodes.size(); n-- > 0;) {
    uint64_t hash = trie.nodes[n].accepting;
    for (int32_t i = trie.nodes[n].first_edge; i >= 0; i = trie.edges[static_cast<size_t>(i)].next) {
      TrieEdge& edge = trie.edges[static_cast<size_t>(i)];
      edge.to = representative[static_cast<size_t>(edge.to)];
      hash = (hash ^ edge.byte ^ (static_cast<uint64_t>(edge.to) << 8)) * 0x9E3779B97F4A7C15ULL;
      hash ^= hash >> 31;
    }
    size_t at = hash & (capacity - 1);
    while (slots[at] >= 0 && !same(slots[at], static_cast<int32_t>(n))) at = (at + 1) & (capacity - 1);
    if (slots[at] < 0) {
      slots[at] = static_cast<int32_t>(n);
      ++kept;
    }
    representative[n] = slots[at];
  }
  return kept;
}

}  // namespace

Result<Dfa> one_of(const std::vector<std::string>& texts, const GrammarLimits& limits) {
  if (texts.empty()) return nothing();
  if (texts.size() == 1) return literal(texts[0]);
  std::vector<std::string_view> sorted(texts.begin(), texts.end());
  std::sort(sorted.begin(), sorted.end());
  Trie trie = build_trie(sorted);
  std::vector<int32_t> representative;
  const size_t states = share_branches(trie, representative);
  if (states > static_cast<size_t>(limits.max_states)) {
    return make_error(ErrorCode::kGrammarTooComplex, "A list of {} texts needs an automaton of {} states; at most {}.",
                      texts.size(), states, limits.max_states);
  }
  // Class 0 is that of bytes which no text has.
  Dfa raw;
  for (const TrieEdge& edge : trie.edges) raw.byte_class[edge.byte] = 1;
  int32_t classes = 1;
  for (uint8_t& c : raw.byte_class) c = c == 0 ? 0 : static_cast<uint8_t>(classes++);
  // 255 used bytes at most in valid UTF-8; of arbitrary bytes all 256 may be used, and class 0 then has no member.
  if (classes > 256) {
    for (size_t byte = 0; byte < 256; ++byte) raw.byte_class[byte] = static_cast<uint8_t>(byte);
    classes = 256;
  }
  raw.num_classes = classes;
  std::vector<int32_t> number(trie.nodes.size(), -1);
  int32_t count = 0;
  for (size_t n = 0; n < trie.nodes.size(); ++n) {
    if (representative[n] == static_cast<int32_t>(n)) number[n] = count++;
  }
  // The root is nobody's equal (nothing is as long), so it is kept and has number 0.
  raw.accepting.resize(states);
  raw.next.assign(states * static_cast<size_t>(classes), Dfa::kDead);
  for (size_t n = 0; n < trie.nodes.size(); ++n) {
    if (number[n] < 0) continue;
    const size_t state = static_cast<size_t>(number[n]);
    raw.accepting[state] = trie.nodes[n].accepting;
    for (int32_t i = trie.nodes[n].first_edge; i >= 0; i = trie.edges[static_cast<size_t>(i)].next) {
      const TrieEdge& edge = trie.edges[static_cast<size_t>(i)];
      raw.next[state * static_cast<size_t>(classes) + raw.byte_class[edge.byte]] = number[static_cast<size_t>(edge.to)];
    }
  }
  return canonical_form(raw);
}

}  // namespace weft::dfa
