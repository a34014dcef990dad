#include "frontend/tokenization.h"

#include "base/utf8.h"

namespace weft {
namespace {

// The character at which each byte of `text` stands, and one more for its end.
std::vector<uint32_t> characters_at(std::string_view text) {
  std::vector<uint32_t> out(text.size() + 1);
  uint32_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool continues = (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
    if (i > 0 && !continues) ++count;
    out[i] = count;
  }
  out[text.size()] = text.empty() ? 0 : count + 1;
  return out;
}

void add_places(std::string_view text, const std::vector<TokenSpan>& spans, Tokenized& out) {
  std::vector<uint32_t> characters = characters_at(text);
  for (const TokenSpan& span : spans) {
    out.ids.push_back(span.id);
    out.places.push_back({.text = std::string(text.substr(span.begin, span.end - span.begin)),
                          .start = characters[span.begin],
                          .stop = characters[span.end]});
  }
}

}  // namespace

Result<Tokenized> tokenize_prompt(const TextModel& model, const TokenizeRequest& request) {
  std::string text;
  EncodeOptions options;
  if (const auto* plain = std::get_if<TextPrompt>(&request.prompt)) {
    text = plain->text;
    options.add_special_tokens = plain->add_special_tokens;
  } else {
    const auto& chat = std::get<ChatPrompt>(request.prompt);
    if (!model.render_chat) return param_error("messages", "This model has no chat template. Send a prompt instead.");
    TRY_ASSIGN(text, model.render_chat(chat));
    options.add_special_tokens = chat.add_special_tokens;
  }
  Tokenized out;
  if (request.with_offsets) {
    add_places(text, model.tokenizer->encode_with_offsets(text, options), out);
  } else {
    out.ids = model.tokenizer->encode(text, options);
  }
  if (request.with_texts) {
    for (TokenId id : out.ids) out.texts.push_back(replace_invalid_utf8(model.tokenizer->token_bytes(id)));
  }
  return out;
}

Result<std::string> detokenize_ids(const TextModel& model, const std::vector<int64_t>& ids, bool skip_special_tokens) {
  std::vector<TokenId> narrow;
  narrow.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= model.tokenizer->vocab_size()) {
      return param_error(fmt::format("tokens[{}]", i), "There is no token {}; the ids go from 0 to {}.", ids[i],
                         model.tokenizer->vocab_size() - 1);
    }
    narrow.push_back(static_cast<TokenId>(ids[i]));
  }
  return model.tokenizer->decode(narrow, skip_special_tokens);
}

}  // namespace weft
