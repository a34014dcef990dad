#include "text/detokenizer.h"

#include "base/utf8.h"

namespace weft {

Detokenizer::Detokenizer(const Tokenizer& tokenizer, bool skip_special_tokens, bool continues_text)
    : tokenizer_(&tokenizer),
      skip_special_tokens_(skip_special_tokens),
      at_start_(!continues_text && tokenizer.strips_leading_space()) {}

std::string Detokenizer::push(int32_t id) {
  if (skip_special_tokens_ && tokenizer_->is_special(id)) return {};
  std::string_view bytes = tokenizer_->token_bytes(id);
  if (bytes.empty()) return {};
  if (at_start_ && bytes.front() == ' ') bytes.remove_prefix(1);
  at_start_ = false;
  held_ += bytes;
  // Text that ends inside a character waits for the rest; bytes that no rest could complete are replaced now.
  size_t waiting = utf8_incomplete_suffix(held_);
  std::string out = replace_invalid_utf8(std::string_view(held_).substr(0, held_.size() - waiting));
  held_.erase(0, held_.size() - waiting);
  return out;
}

std::string Detokenizer::flush() {
  std::string out = replace_invalid_utf8(held_);
  held_.clear();
  return out;
}

}  // namespace weft
