// How a vocabulary's tokens become text: the steps of tokenizer.json's "decoder", applied to every token once, at load.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/split_pattern.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

namespace weft {

// Rewrites the text of one token; `first` when it is the first one of a text. The text may hold any bytes. Immutable,
// safe to use from many threads.
class DecodeStep {
 public:
  virtual ~DecodeStep() = default;
  virtual void apply(std::string& text, bool first) const = 0;
  // False when the step leaves added tokens alone, whose text is no form of the vocabulary.
  virtual bool reads_added_tokens() const { return true; }
};

struct TokenDecoder {
  std::vector<std::unique_ptr<DecodeStep>> steps;
  DecodeRules rules;
};

std::unique_ptr<DecodeStep> byte_level_decoding();
// "<0xNN>" is that byte.
std::unique_ptr<DecodeStep> byte_fallback_decoding();
// `mark` is a space; with `strips_first`, nothing in the first token.
std::unique_ptr<DecodeStep> metaspace_decoding(std::string mark, bool strips_first);
// Tokens stand behind a space unless they begin with `prefix` (which vanishes); the first one stays as it is.
std::unique_ptr<DecodeStep> word_piece_decoding(std::string prefix, bool cleanup);
// `suffix` is a space.
std::unique_ptr<DecodeStep> word_end_decoding(std::string suffix);
std::unique_ptr<DecodeStep> ctc_decoding(std::string pad, std::string word_delimiter, bool cleanup);
// Takes up to `start` and `stop` of the character `content` off the ends.
std::unique_ptr<DecodeStep> strip_decoding(std::string content, size_t start, size_t stop);
std::unique_ptr<DecodeStep> replace_decoding(std::string from, std::string to);
std::unique_ptr<DecodeStep> replace_decoding(SplitPattern from, std::string to);
// A file without a decoder: tokens stand apart.
std::unique_ptr<DecodeStep> spaced_decoding();
// One space in front of the first token vanishes.
std::unique_ptr<DecodeStep> leading_space_decoding();

// A token that reads `form` is `text`.
std::unique_ptr<DecodeStep> unknown_decoding(std::string form, std::string text);

// What SentencePiece vocabularies in GGUF files and most "decoder" sequences come to: "▁" is a space, "<0xNN>" a byte,
// and with `strips_space` one space at the very start of a text is dropped.
TokenDecoder sentence_piece_decoder(bool strips_space);

// The decoded texts of all tokens.
class TokenTexts {
 public:
  TokenTexts() = default;
  TokenTexts(const Vocabulary& vocabulary, const std::vector<AddedToken>& added, const TokenDecoder& decoder);

  std::string_view inner(int32_t id) const { return inner_.at(id); }
  std::string_view first(int32_t id) const { return first_.size() > 0 ? first_.at(id) : inner_.at(id); }

 private:
  class Texts {
   public:
    void add(std::string_view text);
    size_t size() const { return ends_.size(); }
    // Empty when there is no such id.
    std::string_view at(int32_t id) const;

   private:
    std::string bytes_;           // of all tokens, one after the other
    std::vector<uint32_t> ends_;  // by id
  };
  Texts inner_;
  Texts first_;  // empty when the first token is like any other
};

}  // namespace weft
