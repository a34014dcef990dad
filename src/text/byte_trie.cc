#include "text/byte_trie.h"

#include <algorithm>

namespace weft {

ByteTrie::ByteTrie(std::vector<Key> keys) {
  std::erase_if(keys, [](const Key& key) { return key.text.empty(); });
  std::stable_sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.text < b.text; });
  keys.erase(std::unique(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.text == b.text; }),
             keys.end());
  struct Range {
    size_t begin, end;  // keys that share as many bytes as the level is deep
  };
  std::vector<Range> level = {{0, keys.size()}}, next;
  nodes_.emplace_back();
  labels_.push_back(0);
  for (size_t node = 0, depth = 0; !level.empty(); ++depth, level.swap(next)) {
    next.clear();
    for (auto [begin, end] : level) {
      if (begin < end && keys[begin].text.size() == depth) nodes_[node].value = keys[begin++].value;
      nodes_[node].first_child = static_cast<uint32_t>(nodes_.size());
      while (begin < end) {
        auto label = static_cast<unsigned char>(keys[begin].text[depth]);
        size_t last = begin;
        while (last < end && static_cast<unsigned char>(keys[last].text[depth]) == label) ++last;
        if (node == kRoot) at_root_[label] = static_cast<uint32_t>(nodes_.size());
        next.push_back({begin, last});
        nodes_.emplace_back();
        labels_.push_back(label);
        begin = last;
      }
      ++node;
    }
  }
  nodes_.push_back({static_cast<uint32_t>(nodes_.size()), -1});
}

uint32_t ByteTrie::child(uint32_t node, unsigned char byte) const {
  if (node == kRoot) return at_root_[byte];
  auto first = labels_.begin() + nodes_[node].first_child;
  auto last = labels_.begin() + nodes_[node + 1].first_child;
  auto at = last - first <= 4 ? std::find(first, last, byte) : std::lower_bound(first, last, byte);
  return at == last || *at != byte ? kNone : static_cast<uint32_t>(at - labels_.begin());
}

size_t ByteTrie::longest_prefix(std::string_view text) const {
  size_t longest = 0;
  uint32_t node = kRoot;
  for (size_t i = 0; i < text.size(); ++i) {
    node = child(node, static_cast<unsigned char>(text[i]));
    if (node == kNone) break;
    if (value(node) >= 0) longest = i + 1;
  }
  return longest;
}

}  // namespace weft
