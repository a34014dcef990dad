// WordPiece: the longest token that a word begins with, then the longest continuing token, and so on. For BERT's kin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/byte_trie.h"
#include "text/subword_model.h"
#include "text/vocabulary.h"

namespace weft {

struct WordPieceOptions {
  std::string continuing_prefix = "##";    // of tokens that stand inside a word
  size_t max_characters = 100;             // longer words are unknown
  int32_t unknown_id = Vocabulary::kNone;  // a word that can't be cut wholly; kNone: it vanishes
};

class WordPieceModel : public SubwordModel {
 public:
  WordPieceModel(const Vocabulary& vocabulary, const WordPieceOptions& options);
  void encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const override;

 private:
  ByteTrie begin_, inside_;
  size_t max_characters_;
  int32_t unknown_id_;
};

// A word is a token or unknown: tokenizer.json's "WordLevel".
class WordLevelModel : public SubwordModel {
 public:
  // The vocabulary must outlive the model.
  WordLevelModel(const Vocabulary& vocabulary, int32_t unknown_id) : vocabulary_(vocabulary), unknown_id_(unknown_id) {}
  void encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const override;

 private:
  const Vocabulary& vocabulary_;
  int32_t unknown_id_;
};

}  // namespace weft
