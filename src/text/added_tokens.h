// Tokens that are found in a text before it is cut into words: "<|im_end|>", runs of newlines, HTML tags.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
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
  const AddedToken* longest_at(std::string_view text, size_t pos) const;

  std::vector<AddedToken> tokens_;
  // A trie: (node << 8 | byte) to node; root is 0. `ends_` holds the token that ends at a node, or -1.
  std::unordered_map<uint64_t, uint32_t> edges_;
  std::vector<int32_t> ends_ = {-1};
  std::vector<bool> first_bytes_ = std::vector<bool>(256);
};

}  // namespace weft
