// A tokenizer of exchangeable parts, in the order that Hugging Face's tokenizers applies them: added tokens,
// normalizer, pre-tokenizer, vocabulary algorithm, post-processor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/added_tokens.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/subword_model.h"
#include "text/token_decoder.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"
#include "text/word_encoder.h"

namespace weft {

constexpr std::string_view kMetaspaceMark = "\xE2\x96\x81";  // U+2581, SentencePiece's space

// What the loaders (gguf_tokenizer.h, tokenizer_json.h) gather.
struct TokenizerParts {
  std::unique_ptr<Vocabulary> vocabulary;  // every token, added ones too
  std::vector<AddedToken> added_tokens;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::unique_ptr<SubwordModel> model;
  std::vector<int32_t> prefix_ids, suffix_ids;  // of the post-processor
  TokenDecoder decoder;
  std::optional<int32_t> bos_id, eos_id;
  bool trims_offsets = false;  // offsets leave out the spaces at both ends of a token
};

class PipelineTokenizer : public Tokenizer {
 public:
  // All ids in `parts` must be inside the vocabulary.
  explicit PipelineTokenizer(TokenizerParts parts);

  int32_t vocab_size() const override { return parts_.vocabulary->size(); }
  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options) const override;
  std::vector<int32_t> encode_parallel(std::string_view text, const EncodeOptions& options,
                                       const ParallelFor& parallel_for) const override;
  std::vector<TokenSpan> encode_with_offsets(std::string_view text, const EncodeOptions& options) const override;
  std::string_view token_bytes(int32_t id) const override { return texts_.inner(id); }
  std::string_view first_token_bytes(int32_t id) const override { return texts_.first(id); }
  DecodeRules decode_rules() const override { return parts_.decoder.rules; }
  bool is_special(int32_t id) const override;
  std::optional<int32_t> bos_id() const override { return parts_.bos_id; }
  std::optional<int32_t> eos_id() const override { return parts_.eos_id; }
  std::optional<int32_t> find_token(std::string_view text) const override;

 private:
  class OffsetEncoder;
  template <class OnToken, class OnText>
  void for_each_part(std::string_view text, bool match_special, OnToken on_token, OnText on_text) const;
  void encode_by_steps(std::string_view text, bool at_start, WordEncoder& encoder, std::vector<int32_t>& ids) const;
  void encode_chunks(std::string_view text, const ParallelFor& parallel_for, std::vector<int32_t>& ids) const;
  void index_added_tokens();

  TokenizerParts parts_;
  AddedTokenFinder original_finder_, normalized_finder_;
  NextWord known_split_ = nullptr;    // when it does all of the pre-tokenizer's work
  mutable WordEncoderPool encoders_;  // memory of words; changes no result
  std::vector<bool> special_;         // by id
  TokenTexts texts_;
};

}  // namespace weft
