#include "text/detokenizer.h"

#include "base/utf8.h"

namespace weft {

Detokenizer::Detokenizer(const Tokenizer& tokenizer, bool skip_special_tokens, bool continues_text)
    : tokenizer_(&tokenizer),
      rules_(tokenizer.decode_rules()),
      skip_special_tokens_(skip_special_tokens),
      at_start_(!continues_text && rules_.start != DecodeStart::kPlain) {}

std::string_view Detokenizer::bytes_at_start(int32_t id) {
  std::string_view inner = tokenizer_->token_bytes(id);
  std::string_view first = tokenizer_->first_token_bytes(id);
  switch (rules_.start) {
    case DecodeStart::kPlain:
    case DecodeStart::kFirstToken:
      at_start_ = false;
      break;
    case DecodeStart::kFirstSpace:
      at_start_ = first.empty() && inner.empty();
      break;
    case DecodeStart::kUntilText:
      at_start_ = first.empty();
      break;
  }
  return first;
}

std::string Detokenizer::replaced(std::string_view bytes) const {
  if (!rules_.replaces_each_byte || is_valid_utf8(bytes)) return replace_invalid_utf8(bytes);
  std::string out;
  for (size_t pos = 0; pos < bytes.size();) {
    size_t length = utf8_sequence_length(bytes.substr(pos));
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : bytes.substr(pos, length);
    pos += length == 0 ? 1 : length;
  }
  return out;
}

std::string Detokenizer::push(int32_t id) {
  if (id < 0 || id >= tokenizer_->vocab_size()) return {};
  if (skip_special_tokens_ && tokenizer_->is_special(id)) return {};
  if (rules_.drops_repeats && id == previous_) return {};
  previous_ = id;
  held_ += at_start_ ? bytes_at_start(id) : tokenizer_->token_bytes(id);
  // Text that ends inside a character waits for the rest; bytes that no rest could complete are replaced now.
  size_t waiting = utf8_incomplete_suffix(held_);
  if (rules_.holds_last_space && held_.ends_with(' ')) waiting = 1;
  std::string out = replaced(std::string_view(held_).substr(0, held_.size() - waiting));
  held_.erase(0, held_.size() - waiting);
  return out;
}

std::string Detokenizer::flush() {
  if (rules_.holds_last_space && held_.ends_with(' ')) held_.pop_back();
  std::string out = replaced(held_);
  held_.clear();
  return out;
}

}  // namespace weft
