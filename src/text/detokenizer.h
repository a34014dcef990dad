// Token ids to text, one at a time. O(1) per token, bounded state.
#pragma once

#include <cstdint>
#include <string>

#include "text/tokenizer.h"

namespace weft {

// Concatenated results of push() and flush() equal Tokenizer::decode() of all ids; each is valid UTF-8 (I17).
class Detokenizer {
 public:
  // `continues_text`: the ids follow a prompt, so none of them is the first of its text.
  Detokenizer(const Tokenizer& tokenizer, bool skip_special_tokens, bool continues_text);

  // The text that became certain with `id`; empty while a character is incomplete.
  std::string push(int32_t id);
  // What was held back; an incomplete character becomes U+FFFD.
  std::string flush();

 private:
  std::string_view bytes_at_start(int32_t id);
  std::string replaced(std::string_view bytes) const;

  const Tokenizer* tokenizer_;
  DecodeRules rules_;
  bool skip_special_tokens_;
  bool at_start_;
  int32_t previous_ = -1;
  std::string held_;  // at most 4 bytes: the beginning of a character, a space
};

}  // namespace weft
