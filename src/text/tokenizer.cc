#include "text/tokenizer.h"

#include "text/detokenizer.h"
#include "text/gguf_tokenizer.h"

namespace weft {

Result<std::unique_ptr<Tokenizer>> Tokenizer::load(const ModelFiles& files) {
  auto tokenizer = files.format() == ModelFormat::kGguf
                       ? load_gguf_tokenizer(files.metadata())
                       : Result<std::unique_ptr<Tokenizer>>(
                             make_error(ErrorCode::kUnsupported, "tokenizers are read from GGUF files only"));
  if (!tokenizer) return in_context(files.path().string(), std::move(tokenizer).take_error());
  return tokenizer;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  Detokenizer detokenizer(*this, skip_special_tokens, false);
  std::string out;
  for (int32_t id : ids) out += detokenizer.push(id);
  return out + detokenizer.flush();
}

}  // namespace weft
