#include "text/gguf_tokenizer.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "text/bpe_model.h"
#include "text/pipeline_tokenizer.h"
#include "text/score_bpe_model.h"
#include "text/sentence_piece_file.h"
#include "text/word_piece_file.h"

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
    constexpr std::string_view kKinds[] = {"gpt2", "gemma4", "whitespace", "llama", "bert", "t5"};
    if (std::find(std::begin(kKinds), std::end(kKinds), kind_) == std::end(kKinds)) {
      return make_error(ErrorCode::kUnsupported,
                        "the tokenizer kind \"{}\" (tokenizer.ggml.model) is not supported; {} are",
                        replace_invalid_utf8(kind_), fmt::join(kKinds, ", "));
    }
    TRY(read_vocabulary());
    TRY(read_added_tokens());
    if (kind_ == "llama") {
      TRY(build_sentencepiece());
    } else if (kind_ == "t5") {
      TRY(build_sentence_unigram());
    } else if (kind_ == "bert") {
      return build_word_piece();
    } else {
      TRY(build_merges());
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

  // BPE by merges; over bytes, or for a few models over characters with SentencePiece's marks.
  Status build_merges() {
    TRY_ASSIGN(auto name, metadata_.text_or({"tokenizer.ggml.pre"}, "default"));
    if (kind_ != "gpt2") name = kind_;
    const GgufSplit* split = find_gguf_split(name);
    if (split == nullptr) {
      return make_error(ErrorCode::kUnsupported,
                        "the pre-tokenizer \"{}\" (tokenizer.ggml.pre) is not known; a guess would give wrong tokens",
                        replace_invalid_utf8(name));
    }
    if (split->nfc) parts_.normalizer.push_back(normal_form_step(NormalForm::kNfc));
    if (split->units == GgufSplit::Units::kMarkedCharacters) {
      parts_.normalizer.push_back(replace_step(" ", std::string(kMetaspaceMark)));
      parts_.decoder = sentence_piece_decoder(false);
    } else if (split->units == GgufSplit::Units::kBytes) {
      parts_.decoder.steps.push_back(byte_level_decoding());
    }
    for (std::string_view text : split->patterns) {
      TRY_ASSIGN(auto pattern, SplitPattern::compile(text));
      auto behavior = split->drops_rest ? SplitBehavior::kRemoved : SplitBehavior::kIsolated;
      parts_.pre_tokenizer.push_back(split_step(std::move(pattern), behavior, split->drops_rest));
    }
    TRY_ASSIGN(auto texts, find_array<std::string>(metadata_, "tokenizer.ggml.merges"));
    std::vector<MergeRule> merges;
    merges.reserve(texts->size());
    for (const std::string& text : *texts) {
      TRY_ASSIGN(auto merge, parse_merge(*parts_.vocabulary, text));
      merges.push_back(merge);
    }
    BpeOptions options;
    options.byte_level = split->units == GgufSplit::Units::kBytes;
    options.byte_fallback = split->units == GgufSplit::Units::kMarkedCharacters;
    options.ignore_merges = split->ignore_merges;
    TRY_ASSIGN(parts_.model, BpeModel::create(*parts_.vocabulary, merges, options));
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
    parts_.normalizer.push_back(replace_step(" ", std::string(kMetaspaceMark)));
    parts_.pre_tokenizer.push_back(
        word_begin_step(std::string(kMetaspaceMark), parts_.vocabulary->bytes_before(kMetaspaceMark)));
    parts_.decoder = sentence_piece_decoder(prefix);
    adds_bos_ = true;
    return {};
  }

  // SentencePiece's unigram model, of T5 and XLM-R.
  Status build_sentence_unigram() {
    TRY_ASSIGN(auto scores, find_array<double>(metadata_, "tokenizer.ggml.scores"));
    TRY(check_length("tokenizer.ggml.scores", scores->size()));
    SentencePieces pieces;
    pieces.scores = *scores;
    for (size_t id = 0; id < types_.size(); ++id) {
      if (std::isnan((*scores)[id]) || types_[id] < 0 || types_[id] > kByte) {
        return make_error(ErrorCode::kCorruptFile, "token {} has the type {} and the score {}", id, types_[id],
                          (*scores)[id]);
      }
      pieces.byte_fallback = pieces.byte_fallback || types_[id] == kByte;
      pieces.types.push_back(types_[id] == 0 ? PieceType::kUnused : static_cast<PieceType>(types_[id]));
    }
    TRY_ASSIGN(auto unknown, read_id("tokenizer.ggml.unknown_token_id"));
    pieces.unknown_id = unknown.value_or(types_.size() > 2 ? 2 : Vocabulary::kNone);
    pieces.single_precision = false;
    SentencePieceNormalization normalization;
    TRY_ASSIGN(normalization.add_dummy_prefix, metadata_.boolean_or({"tokenizer.ggml.add_space_prefix"}, false));
    TRY_ASSIGN(normalization.remove_extra_whitespaces,
               metadata_.boolean_or({"tokenizer.ggml.remove_extra_whitespaces"}, false));
    TRY_ASSIGN(normalization.charsmap, read_charsmap());
    TRY(build_unigram(pieces, std::move(normalization), parts_));
    adds_eos_ = true;
    return {};
  }

  // The bytes are an array of numbers here.
  Result<std::optional<Charsmap>> read_charsmap() const {
    constexpr std::string_view kKey = "tokenizer.ggml.precompiled_charsmap";
    if (metadata_.find(kKey) == nullptr) return std::optional<Charsmap>();
    TRY_ASSIGN(auto numbers, find_array<int64_t>(metadata_, kKey));
    std::string blob;
    for (int64_t number : *numbers) blob += static_cast<char>(number);
    auto charsmap = Charsmap::parse(blob);
    if (!charsmap) return in_context(kKey, std::move(charsmap).take_error());
    return std::optional(std::move(*charsmap));
  }

  // A BERT vocabulary: the file marks the beginning of words ("▁the"), not their continuation ("##ing").
  Result<std::unique_ptr<Tokenizer>> build_word_piece() {
    std::vector<std::string> forms;
    for (size_t id = 0; id < types_.size(); ++id) {
      std::string_view form = parts_.vocabulary->form(static_cast<int32_t>(id));
      bool kept = types_[id] == kControl || types_[id] == kUnknown || (form.starts_with('[') && form.ends_with(']'));
      bool begins = form.starts_with(kMetaspaceMark);
      forms.push_back(kept || form.empty() ? std::string(form)
                      : begins             ? std::string(form.substr(kMetaspaceMark.size()))
                                           : fmt::format("##{}", form));
    }
    parts_.vocabulary = std::make_unique<Vocabulary>(std::move(forms));
    BertSpecials special;
    const std::pair<std::string_view, std::string*> kNames[] = {{"unknown", &special.unknown},
                                                                {"bos", &special.cls},
                                                                {"cls", &special.cls},
                                                                {"seperator", &special.separator},
                                                                {"separator", &special.separator},
                                                                {"padding", &special.padding},
                                                                {"mask", &special.mask}};
    for (auto [name, text] : kNames) {
      TRY_ASSIGN(auto id, read_id(fmt::format("tokenizer.ggml.{}_token_id", name)));
      if (id) *text = parts_.vocabulary->form(*id);
    }
    BertNormalization normalization;
    TRY_ASSIGN(normalization.lowercase, metadata_.boolean_or({"tokenizer.ggml.normalizer.lowercase"}, true));
    TRY_ASSIGN(normalization.strip_accents,
               metadata_.boolean_or({"tokenizer.ggml.normalizer.strip_accents"}, normalization.lowercase));
    TRY(build_bert(normalization, special, parts_));
    TRY_ASSIGN(parts_.bos_id, read_id("tokenizer.ggml.bos_token_id"));
    TRY_ASSIGN(parts_.eos_id, read_id("tokenizer.ggml.eos_token_id"));
    return std::unique_ptr<Tokenizer>(std::make_unique<PipelineTokenizer>(std::move(parts_)));
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
    TRY_ASSIGN(bool eos, metadata_.boolean_or({"tokenizer.ggml.add_eos_token"}, adds_eos_));
    if (bos && parts_.bos_id) parts_.prefix_ids.push_back(*parts_.bos_id);
    if (eos && parts_.eos_id) parts_.suffix_ids.push_back(*parts_.eos_id);
    return {};
  }

  const Metadata& metadata_;
  std::string kind_;
  std::vector<int64_t> types_;  // by id
  bool adds_bos_ = false;       // when the file doesn't say
  bool adds_eos_ = false;       // likewise
  TokenizerParts parts_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_gguf_tokenizer(const Metadata& metadata) {
  return GgufTokenizerLoader(metadata).load();
}

}  // namespace weft
