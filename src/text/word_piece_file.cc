#include "text/word_piece_file.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/characters.h"
#include "text/tokenizer_config.h"
#include "text/word_piece_model.h"

namespace weft {
namespace {

bool has_capital(std::string_view token) {
  return std::any_of(token.begin(), token.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

Result<std::vector<std::string>> read_lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (static_cast<int64_t>(out.size()) == kMaxTokens) {
      return make_error(ErrorCode::kUnsupported, "more than {} tokens are not supported", kMaxTokens);
    }
    if (!is_valid_utf8(line)) {
      return make_error(ErrorCode::kCorruptFile, "line {} is not UTF-8", out.size() + 1);
    }
    out.emplace_back(line);
  }
  return out;
}

// A special token's text in tokenizer_config.json, which may be an object.
std::string special_text(const Metadata& metadata, std::string_view name, const std::string& fallback) {
  for (std::string_view suffix : {"", ".content"}) {
    if (auto text = metadata.text({fmt::format("tokenizer_config.{}_token{}", name, suffix)})) return *text;
  }
  return fallback;
}

}  // namespace

Status build_bert(const BertNormalization& normalization, const BertSpecials& special, TokenizerParts& parts) {
  const Vocabulary& vocabulary = *parts.vocabulary;
  TRY(check_token_lengths(vocabulary));
  WordPieceOptions options;
  options.unknown_id = vocabulary.find(special.unknown);
  if (options.unknown_id < 0) {
    return make_error(ErrorCode::kCorruptFile, "the vocabulary has no unknown token \"{}\"",
                      replace_invalid_utf8(special.unknown));
  }
  for (const std::string* text :
       {&special.unknown, &special.cls, &special.separator, &special.padding, &special.mask}) {
    int32_t id = vocabulary.find(*text);
    bool there = std::any_of(parts.added_tokens.begin(), parts.added_tokens.end(),
                             [id](const AddedToken& token) { return token.id == id; });
    if (id >= 0 && !there) parts.added_tokens.push_back({.id = id, .text = *text, .special = true});
  }
  parts.normalizer.push_back(bert_step(normalization));
  parts.pre_tokenizer.push_back(character_split_step(is_white_space, SplitBehavior::kRemoved));
  parts.pre_tokenizer.push_back(character_split_step(is_punctuation, SplitBehavior::kIsolated));
  parts.model = std::make_unique<WordPieceModel>(vocabulary, options);
  parts.decoder.steps.push_back(word_piece_decoding(options.continuing_prefix, true));
  parts.decoder.rules.start = DecodeStart::kFirstToken;
  if (int32_t cls = vocabulary.find(special.cls); cls >= 0) parts.prefix_ids.push_back(cls);
  if (int32_t separator = vocabulary.find(special.separator); separator >= 0) parts.suffix_ids.push_back(separator);
  return {};
}

Result<std::unique_ptr<Tokenizer>> load_word_piece_file(std::string_view text, const Metadata& metadata) {
  TRY_ASSIGN(auto forms, read_lines(text));
  BertSpecials special;
  special.unknown = special_text(metadata, "unk", special.unknown);
  special.cls = special_text(metadata, "cls", special.cls);
  special.separator = special_text(metadata, "sep", special.separator);
  special.padding = special_text(metadata, "pad", special.padding);
  special.mask = special_text(metadata, "mask", special.mask);
  bool cased = std::any_of(forms.begin(), forms.end(), [](const std::string& form) {
    return has_capital(form) && !(form.starts_with('[') && form.ends_with(']'));
  });
  BertNormalization normalization;
  TRY_ASSIGN(normalization.lowercase, metadata.boolean_or({"tokenizer_config.do_lower_case"}, !cased));
  TRY_ASSIGN(normalization.strip_accents,
             metadata.boolean_or({"tokenizer_config.strip_accents"}, normalization.lowercase));
  TRY_ASSIGN(normalization.handle_chinese_chars,
             metadata.boolean_or({"tokenizer_config.tokenize_chinese_chars"}, true));
  TokenizerParts parts;
  TRY_ASSIGN(parts.added_tokens, configured_added_tokens(metadata));
  TRY(add_forms(parts.added_tokens, forms));
  parts.vocabulary = std::make_unique<Vocabulary>(std::move(forms));
  TRY(build_bert(normalization, special, parts));
  parts.bos_id = configured_token(metadata, "bos", *parts.vocabulary);
  parts.eos_id = configured_token(metadata, "eos", *parts.vocabulary);
  return std::unique_ptr<Tokenizer>(std::make_unique<PipelineTokenizer>(std::move(parts)));
}

}  // namespace weft
