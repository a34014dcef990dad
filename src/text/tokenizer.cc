#include "text/tokenizer.h"

#include "text/detokenizer.h"
#include "text/gguf_tokenizer.h"
#include "text/tokenizer_files.h"

namespace weft {

Result<std::unique_ptr<Tokenizer>> Tokenizer::load(const ModelFiles& files) {
  auto tokenizer =
      files.format() == ModelFormat::kGguf ? load_gguf_tokenizer(files.metadata()) : load_directory_tokenizer(files);
  if (!tokenizer) return in_context(files.path().string(), std::move(tokenizer).take_error());
  return tokenizer;
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::load_file(const std::filesystem::path& path) {
  auto tokenizer = load_tokenizer_file(path);
  if (!tokenizer) return in_context(path.string(), std::move(tokenizer).take_error());
  return tokenizer;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  Detokenizer detokenizer(*this, skip_special_tokens, false);
  std::string out;
  for (int32_t id : ids) out += detokenizer.push(id);
  return out + detokenizer.flush();
}

}  // namespace weft
