#include "text/tokenizer.h"

#include "text/detokenizer.h"
#include "text/gguf_tokenizer.h"
#include "text/tokenizer_json.h"

namespace weft {

namespace {

Result<std::unique_ptr<Tokenizer>> load_from_directory(const ModelFiles& files) {
  auto json = files.side_file("tokenizer.json");
  if (!json) {
    return make_error(ErrorCode::kUnsupported, "has no tokenizer.json, and no other tokenizer file is supported");
  }
  auto tokenizer = load_json_tokenizer(*json, files.metadata());
  if (!tokenizer) return in_context("tokenizer.json", std::move(tokenizer).take_error());
  return tokenizer;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::load(const ModelFiles& files) {
  auto tokenizer =
      files.format() == ModelFormat::kGguf ? load_gguf_tokenizer(files.metadata()) : load_from_directory(files);
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
