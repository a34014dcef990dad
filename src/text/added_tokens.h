// Tokens that are found in a text before it is cut into words: "<|im_end|>", runs of newlines, HTML tags.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// As tokenizer.json's "added_tokens" defines the flags.
struct AddedToken {
  int32_t id = 0;
  std::string text;
  bool special = false;      // skipped in decoding; found only where the caller wants special tokens
  bool normalized = false;   // looked for in the normalised text, not in the original one
  bool lstrip = false;       // takes the white space on its left with it
  bool rstrip = false;       // ... on its right
  bool single_word = false;  // only where no word character touches it
};

// A part of a text: an added token, or text between two of them.
struct TextFragment {
  std::string_view text;
  int32_t id;  // -1 for text
};

// Finds the longest token at the leftmost place, again and again. Immutable, safe to use from many threads.
class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;
  // Tokens with an empty text are left out.
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);

  // Appends the fragments of `text` (valid UTF-8) in order, none empty. Special tokens stay text unless
  // `match_special`.
  void split(std::string_view text, bool match_special, std::vector<TextFragment>& out) const;

 private:
  struct Node {
    uint32_t first_edge;  // its edges end where the next node's begin
    int32_t token;        // that ends here, or -1
  };
  struct Edge {
    unsigned char byte;
    uint32_t node;
  };
  uint32_t child_of(uint32_t node, unsigned char byte) const;  // 0 when there is none
  size_t find_first_byte(std::string_view text, size_t pos) const;
  const AddedToken* longest_at(std::string_view text, size_t pos) const;

  std::vector<AddedToken> tokens_;
  // A trie whose root is node 0; one node more at the end.
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::array<uint32_t, 256> roots_ = {};  // children of the root by byte; 0: none
  int only_first_byte_ = -1;              // when all tokens begin with the same byte
};

}  // namespace weft
