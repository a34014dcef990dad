#include "text/gguf_tokenizer.h"

#include <cmath>

#include "base/utf8.h"
#include "text/bpe_model.h"
#include "text/pipeline_tokenizer.h"
#include "text/score_bpe_model.h"

namespace weft {
namespace {

// tokenizer.ggml.token_type, by the numbers of the file format.
enum TokenType : int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

constexpr std::string_view kTokens = "tokenizer.ggml.tokens";

template <class T>
Result<const std::vector<T>*> find_array(const Metadata& metadata, std::string_view key) {
  const MetadataValue* value = metadata.find(key);
  if (value == nullptr) return make_error(ErrorCode::kCorruptFile, "the file has no {}", key);
  auto* array = std::get_if<std::vector<T>>(value);
  if (array == nullptr) return make_error(ErrorCode::kCorruptFile, "{} has the wrong type", key);
  return array;
}

// Gathers the parts of one tokenizer.
class GgufTokenizerLoader {
 public:
  explicit GgufTokenizerLoader(const Metadata& metadata) : metadata_(metadata) {}

  Result<std::unique_ptr<Tokenizer>> load() {
    TRY_ASSIGN(kind_, metadata_.text({"tokenizer.ggml.model"}));
    if (kind_ != "gpt2" && kind_ != "llama") {
      return make_error(ErrorCode::kUnsupported,
                        "the tokenizer kind \"{}\" (tokenizer.ggml.model) is not supported; gpt2 and llama are",
                        replace_invalid_utf8(kind_));
    }
    TRY(read_vocabulary());
    TRY(read_added_tokens());
    if (kind_ == "gpt2") {
      TRY(build_byte_level());
    } else {
      TRY(build_sentencepiece());
    }
    TRY(read_bos_and_eos());
    return std::unique_ptr<Tokenizer>(std::make_unique<PipelineTokenizer>(std::move(parts_)));
  }

 private:
  Status read_vocabulary() {
    TRY_ASSIGN(auto tokens, find_array<std::string>(metadata_, kTokens));
    if (tokens->empty()) return make_error(ErrorCode::kCorruptFile, "{} is empty", kTokens);
    parts_.vocabulary = std::make_unique<Vocabulary>(*tokens);
    types_.assign(tokens->size(), kNormal);
    if (metadata_.find("tokenizer.ggml.token_type") != nullptr) {
      TRY_ASSIGN(auto types, find_array<int64_t>(metadata_, "tokenizer.ggml.token_type"));
      TRY(check_length("tokenizer.ggml.token_type", types->size()));
      types_ = *types;
    }
    return {};
  }

  Status check_length(std::string_view key, size_t length) const {
    if (length == types_.size()) return {};
    return make_error(ErrorCode::kCorruptFile, "{} has {} entries for {} tokens", key, length, types_.size());
  }

  Status read_added_tokens() {
    TRY_ASSIGN(auto architecture, metadata_.text_or({"general.architecture"}, ""));
    // The flags of tokenizer.json are lost in GGUF. Phi-3's turn markers take the white space behind them.
    bool strips_behind = architecture == "phi3" && kind_ == "llama";
    for (size_t id = 0; id < types_.size(); ++id) {
      if (types_[id] != kControl && types_[id] != kUserDefined && types_[id] != kUnknown) continue;
      AddedToken token;
      token.id = static_cast<int32_t>(id);
      token.text = parts_.vocabulary->form(token.id);
      if (!is_valid_utf8(token.text)) continue;  // no text holds it
      token.special = types_[id] != kUserDefined;
      token.rstrip = strips_behind && token.special && token.text != "<unk>" && token.text != "<s>" &&
                     token.text != "<|endoftext|>";
      parts_.added_tokens.push_back(std::move(token));
    }
    return {};
  }

  Status build_byte_level() {
    TRY_ASSIGN(auto name, metadata_.text_or({"tokenizer.ggml.pre"}, "default"));
    const GgufSplit* split = find_gguf_split(name);
    if (split == nullptr) {
      return make_error(ErrorCode::kUnsupported,
                        "the pre-tokenizer \"{}\" (tokenizer.ggml.pre) is not known; a guess would give wrong tokens",
                        replace_invalid_utf8(name));
    }
    if (split->nfc) parts_.normalizer.push_back(normal_form_step(NormalForm::kNfc));
    for (std::string_view text : split->patterns) {
      TRY_ASSIGN(auto pattern, SplitPattern::compile(text));
      parts_.pre_tokenizer.push_back(split_step(std::move(pattern), SplitBehavior::kIsolated, false));
    }
    TRY_ASSIGN(auto texts, find_array<std::string>(metadata_, "tokenizer.ggml.merges"));
    std::vector<MergeRule> merges;
    merges.reserve(texts->size());
    for (const std::string& text : *texts) {
      TRY_ASSIGN(auto merge, parse_merge(*parts_.vocabulary, text));
      merges.push_back(merge);
    }
    BpeOptions options;
    options.byte_level = true;
    options.ignore_merges = split->ignore_merges;
    TRY_ASSIGN(parts_.model, BpeModel::create(*parts_.vocabulary, merges, options));
    parts_.form = TokenForm::kByteLevel;
    adds_bos_ = split->adds_bos;
    return {};
  }

  Status build_sentencepiece() {
    TRY_ASSIGN(auto scores, find_array<double>(metadata_, "tokenizer.ggml.scores"));
    TRY(check_length("tokenizer.ggml.scores", scores->size()));
    std::vector<bool> mergeable(types_.size());
    for (size_t id = 0; id < types_.size(); ++id) {
      if (std::isnan((*scores)[id]))
        return make_error(ErrorCode::kCorruptFile, "the score of token {} is no number", id);
      mergeable[id] = types_[id] == kNormal || types_[id] == kUserDefined || types_[id] == kUnused;
    }
    TRY_ASSIGN(auto unknown, read_id("tokenizer.ggml.unknown_token_id"));
    parts_.model =
        std::make_unique<ScoreBpeModel>(*parts_.vocabulary, *scores, mergeable, unknown.value_or(Vocabulary::kNone));
    TRY_ASSIGN(bool prefix, metadata_.boolean_or({"tokenizer.ggml.add_space_prefix"}, true));
    if (prefix) parts_.normalizer.push_back(prepend_step(" "));
    parts_.normalizer.push_back(replace_step(" ", "\xE2\x96\x81"));
    parts_.strips_leading_space = prefix;
    parts_.form = TokenForm::kMetaspace;
    adds_bos_ = true;
    return {};
  }

  Result<std::optional<int32_t>> read_id(std::string_view key) const {
    if (metadata_.find(key) == nullptr) return std::optional<int32_t>();
    TRY_ASSIGN(auto id, metadata_.integer({key}));
    if (id < 0 || id >= static_cast<int64_t>(types_.size())) {
      return make_error(ErrorCode::kCorruptFile, "{} is {}, but there are {} tokens", key, id, types_.size());
    }
    return std::optional(static_cast<int32_t>(id));
  }

  Status read_bos_and_eos() {
    TRY_ASSIGN(parts_.bos_id, read_id("tokenizer.ggml.bos_token_id"));
    TRY_ASSIGN(parts_.eos_id, read_id("tokenizer.ggml.eos_token_id"));
    TRY_ASSIGN(bool bos, metadata_.boolean_or({"tokenizer.ggml.add_bos_token"}, adds_bos_));
    TRY_ASSIGN(bool eos, metadata_.boolean_or({"tokenizer.ggml.add_eos_token"}, false));
    if (bos && parts_.bos_id) parts_.prefix_ids.push_back(*parts_.bos_id);
    if (eos && parts_.eos_id) parts_.suffix_ids.push_back(*parts_.eos_id);
    return {};
  }

  const Metadata& metadata_;
  std::string kind_;
  std::vector<int64_t> types_;  // by id
  bool adds_bos_ = false;       // when the file doesn't say
  TokenizerParts parts_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_gguf_tokenizer(const Metadata& metadata) {
  return GgufTokenizerLoader(metadata).load();
}

}  // namespace weft
