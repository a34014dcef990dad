#include "grammar/token_trie.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace weft {

namespace {

struct SortKey {
  uint64_t head;  // the first eight bytes, the first one on top
  const TokenTrie::Entry* entry;
};

uint64_t head_of(std::string_view bytes) {
  uint64_t head = 0;
  std::memcpy(&head, bytes.data(), std::min<size_t>(8, bytes.size()));
  return __builtin_bswap64(head);
}

// How UTF-8 goes on: what may follow is told by the bytes since the character began.
enum Utf8State : uint8_t { kBoundary, kOneMore, kTwoMore, kThreeMore, kAfterE0, kAfterED, kAfterF0, kAfterF4, kBroken };

Utf8State step_utf8(Utf8State state, uint8_t byte) {
  auto tail = [&](uint8_t low, uint8_t high, Utf8State next) { return byte >= low && byte <= high ? next : kBroken; };
  switch (state) {
    case kBoundary:
      if (byte < 0x80) return kBoundary;
      if (byte >= 0xC2 && byte <= 0xDF) return kOneMore;
      if (byte == 0xE0) return kAfterE0;
      if (byte == 0xED) return kAfterED;
      if (byte >= 0xE1 && byte <= 0xEF) return kTwoMore;
      if (byte == 0xF0) return kAfterF0;
      if (byte >= 0xF1 && byte <= 0xF3) return kThreeMore;
      return byte == 0xF4 ? kAfterF4 : kBroken;
    case kOneMore:
      return tail(0x80, 0xBF, kBoundary);
    case kTwoMore:
      return tail(0x80, 0xBF, kOneMore);
    case kThreeMore:
      return tail(0x80, 0xBF, kTwoMore);
    case kAfterE0:
      return tail(0xA0, 0xBF, kOneMore);
    case kAfterED:
      return tail(0x80, 0x9F, kOneMore);
    case kAfterF0:
      return tail(0x90, 0xBF, kTwoMore);
    case kAfterF4:
      return tail(0x80, 0x8F, kTwoMore);
    case kBroken:
      return kBroken;
  }
  return kBroken;
}

}  // namespace

TokenTrie TokenTrie::build(std::vector<Entry> entries) {
  std::vector<SortKey> order;
  order.reserve(entries.size());
  for (const Entry& entry : entries) order.push_back({head_of(entry.bytes), &entry});
  std::sort(order.begin(), order.end(), [](const SortKey& a, const SortKey& b) {
    if (a.head != b.head) return a.head < b.head;
    int compared = a.entry->bytes.compare(b.entry->bytes);
    return compared != 0 ? compared < 0 : a.entry->token < b.entry->token;
  });
  TokenTrie trie;
  trie.nodes_.push_back({});
  std::vector<int32_t> path = {0};  // by depth
  std::string_view before;
  auto close = [&](size_t depth) {  // ends the subtrees below `depth`
    for (; path.size() > depth + 1; path.pop_back()) {
      trie.nodes_[static_cast<size_t>(path.back())].skip = static_cast<int32_t>(trie.nodes_.size());
    }
  };
  for (const SortKey& key : order) {
    std::string_view bytes = key.entry->bytes.substr(0, UINT16_MAX);
    size_t shared = 0;
    while (shared < bytes.size() && shared < before.size() && bytes[shared] == before[shared]) ++shared;
    close(shared);
    for (size_t depth = shared; depth < bytes.size(); ++depth) {
      path.push_back(static_cast<int32_t>(trie.nodes_.size()));
      auto first = static_cast<int32_t>(trie.tokens_.size());
      trie.nodes_.push_back({.skip = 0,
                             .first_token = first,
                             .own_end = first,
                             .depth = static_cast<uint16_t>(depth + 1),
                             .byte = static_cast<uint8_t>(bytes[depth])});
    }
    trie.tokens_.push_back(key.entry->token);
    trie.nodes_[static_cast<size_t>(path.back())].own_end = static_cast<int32_t>(trie.tokens_.size());
    trie.max_depth_ = std::max(trie.max_depth_, static_cast<int32_t>(bytes.size()));
    before = bytes;
  }
  close(0);
  trie.nodes_[0].skip = static_cast<int32_t>(trie.nodes_.size());
  trie.measure_subtrees();
  return trie;
}

// From the last node to the first: children before parents.
void TokenTrie::measure_subtrees() {
  sets_.resize(nodes_.size());
  std::vector<uint8_t> broken_from(nodes_.size());  // as ByteSet::broken, if a character begins with the node's byte
  std::array<Utf8State, 5> states{};
  for (size_t i = nodes_.size(); i-- > 0;) {
    ByteSet& set = sets_[i];
    for (int32_t c = static_cast<int32_t>(i) + 1; c < nodes_[i].skip; c = nodes_[static_cast<size_t>(c)].skip) {
      auto child = static_cast<size_t>(c);
      uint8_t byte = nodes_[child].byte;
      set.ascii[0] |= sets_[child].ascii[0];
      set.ascii[1] |= sets_[child].ascii[1];
      if (byte < 0x80) set.ascii[byte / 64] |= uint64_t{1} << (byte % 64);
      set.other = set.other || byte >= 0x80 || sets_[child].other;
      set.broken = set.broken || broken_from[child] != 0;
      nodes_[i].longest =
          static_cast<uint8_t>(std::max<int>(nodes_[i].longest, std::min(255, nodes_[child].longest + 1)));
    }
    for (size_t n = i, end = static_cast<size_t>(nodes_[i].skip); n < end && broken_from[i] == 0;) {
      auto level = static_cast<size_t>(nodes_[n].depth - nodes_[i].depth);
      states[level + 1] = step_utf8(level == 0 ? kBoundary : states[level], nodes_[n].byte);
      if (states[level + 1] == kBroken || (states[level + 1] == kBoundary && sets_[n].broken)) broken_from[i] = 1;
      n = states[level + 1] == kBoundary ? static_cast<size_t>(nodes_[n].skip) : n + 1;
    }
  }
}

std::span<const TokenId> TokenTrie::subtree_tokens(int32_t index) const {
  const Node& at = node(index);
  auto end = at.skip < num_nodes() ? static_cast<size_t>(node(at.skip).first_token) : tokens_.size();
  return std::span(tokens_).subspan(static_cast<size_t>(at.first_token), end - static_cast<size_t>(at.first_token));
}

int32_t TokenTrie::child(int32_t index, uint8_t byte) const {
  int32_t end = node(index).skip;
  for (int32_t c = index + 1; c < end; c = node(c).skip) {
    if (node(c).byte == byte) return c;
    if (node(c).byte > byte) return -1;
  }
  return -1;
}

int32_t TokenTrie::find(std::string_view bytes) const {
  int32_t at = 0;
  for (size_t i = 0; i < bytes.size() && at >= 0; ++i) at = child(at, static_cast<uint8_t>(bytes[i]));
  return at;
}

size_t TokenTrie::memory_bytes() const {
  return nodes_.capacity() * sizeof(Node) + sets_.capacity() * sizeof(ByteSet) + tokens_.capacity() * sizeof(TokenId);
}

}  // namespace weft
