// Token ids to text, one at a time. O(1) per token, bounded state.
#pragma once

#include <cstdint>
#include <string>

#include "text/tokenizer.h"

namespace weft {

// Concatenated results of push() and flush() equal Tokenizer::decode() of all ids; each is valid UTF-8 (I17).
class Detokenizer {
 public:
  // `continues_text`: the ids follow a prompt, so no leading space is dropped.
  Detokenizer(const Tokenizer& tokenizer, bool skip_special_tokens, bool continues_text);

  // The text that became certain with `id`; empty while a character is incomplete.
  std::string push(int32_t id);
  // What was held back; an incomplete character becomes U+FFFD.
  std::string flush();

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_tokens_;
  bool at_start_;
  std::string held_;  // at most 3 bytes: the beginning of a character
};

}  // namespace weft
