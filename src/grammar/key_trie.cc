#include <algorithm>

#include "grammar/machine_tables.h"

namespace weft {

int32_t KeyTrie::step(int32_t node, uint8_t byte) const {
  const Node& at = nodes[static_cast<size_t>(node)];
  auto first = children.begin() + at.first_child;
  auto last = first + at.num_children;
  auto child = std::lower_bound(first, last, byte, [](const Child& c, uint8_t b) { return c.byte < b; });
  return child != last && child->byte == byte ? child->node : -1;
}

// Level by level, so that a node's children lie side by side.
KeyTrie KeyTrie::build(const std::vector<ObjectShape::Property>& properties) {
  KeyTrie trie;
  trie.nodes.push_back({.first = 0, .last = static_cast<int32_t>(properties.size())});
  std::vector<size_t> depths = {0};
  for (size_t n = 0; n < trie.nodes.size(); ++n) {
    size_t depth = depths[n];
    auto first = static_cast<size_t>(trie.nodes[n].first);
    auto last = static_cast<size_t>(trie.nodes[n].last);
    if (first < last && properties[first].key.size() == depth) {
      trie.nodes[n].property = static_cast<int32_t>(first++);
    }
    trie.nodes[n].first_child = static_cast<int32_t>(trie.children.size());
    for (size_t end = first; first < last; first = end) {
      auto byte = static_cast<uint8_t>(properties[first].key[depth]);
      while (end < last && static_cast<uint8_t>(properties[end].key[depth]) == byte) ++end;
      trie.children.push_back({byte, static_cast<int32_t>(trie.nodes.size())});
      trie.nodes.push_back({.first = static_cast<int32_t>(first), .last = static_cast<int32_t>(end)});
      depths.push_back(depth + 1);
      ++trie.nodes[n].num_children;
    }
  }
  return trie;
}

}  // namespace weft
