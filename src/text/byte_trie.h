// Finds the byte strings of a set that a text begins with.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {

// A trie whose nodes lie in breadth-first order, the children of each side by side. Immutable, safe to use from many
// threads.
class ByteTrie {
 public:
  struct Key {
    std::string_view text;
    int32_t value;  // at least 0
  };
  ByteTrie() : ByteTrie(std::vector<Key>()) {}
  // Of equal keys the first one counts; empty ones are left out.
  explicit ByteTrie(std::vector<Key> keys);

  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kNone = 0;  // no child: the root is nobody's child
  uint32_t child(uint32_t node, unsigned char byte) const;
  // The value of the key that ends at `node`, or -1.
  int32_t value(uint32_t node) const { return nodes_[node].value; }

  // The longest key that `text` begins with: its length (0: none).
  size_t longest_prefix(std::string_view text) const;

 private:
  struct Node {
    uint32_t first_child = 0;  // children end where those of the next node begin
    int32_t value = -1;
  };
  std::vector<Node> nodes_;              // one more than there are
  std::vector<unsigned char> labels_;    // by node: the byte that leads to it
  std::array<uint32_t, 256> at_root_{};  // children of the root
};

}  // namespace weft
