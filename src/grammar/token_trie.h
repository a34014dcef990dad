// Byte strings of tokens as a trie in depth-first order: a subtree is a range of nodes and a range of tokens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "request/ids.h"

namespace weft {

class TokenTrie {
 public:
  struct Entry {
    std::string_view bytes;
    TokenId token;
  };
  struct Node {
    int32_t skip = 0;         // the first node after the subtree
    int32_t first_token = 0;  // of the subtree; those that end at the node come first
    int32_t own_end = 0;      // past the last token that ends at the node
    uint16_t depth = 0;       // bytes from the root; the root's is 0
    uint8_t byte = 0;         // the last of them
    uint8_t longest = 0;      // bytes from the node to the end of the subtree's longest token; 255: that or more
  };
  // The bytes below a node, without its own.
  struct ByteSet {
    std::array<uint64_t, 2> ascii{};
    bool other = false;   // bytes from 0x80 on
    bool broken = false;  // if a character begins below the node, some token is not UTF-8 (being cut off is no fault)
  };

  // Entries may share their bytes. The bytes are copied into the trie.
  static TokenTrie build(std::vector<Entry> entries);

  bool empty() const { return tokens_.empty(); }
  int32_t num_nodes() const { return static_cast<int32_t>(nodes_.size()); }
  const Node& node(int32_t index) const { return nodes_[static_cast<size_t>(index)]; }
  const ByteSet& bytes_below(int32_t index) const { return sets_[static_cast<size_t>(index)]; }
  std::span<const TokenId> own_tokens(const Node& node) const {
    return std::span(tokens_).subspan(static_cast<size_t>(node.first_token),
                                      static_cast<size_t>(node.own_end - node.first_token));
  }
  std::span<const TokenId> subtree_tokens(int32_t index) const;
  // The child by this byte; -1: there is none.
  int32_t child(int32_t index, uint8_t byte) const;
  int32_t find(std::string_view bytes) const;  // from the root
  int32_t max_depth() const { return max_depth_; }
  size_t memory_bytes() const;

 private:
  void measure_subtrees();

  std::vector<Node> nodes_;
  std::vector<ByteSet> sets_;
  std::vector<TokenId> tokens_;
  int32_t max_depth_ = 0;
};

inline void set_token(std::span<uint32_t> mask, TokenId token) {
  mask[static_cast<size_t>(token) / 32] |= uint32_t{1} << (static_cast<uint32_t>(token) % 32);
}

}  // namespace weft
