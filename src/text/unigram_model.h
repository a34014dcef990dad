// The unigram language model of SentencePiece (Kudo 2018, arXiv:1804.10959): of all ways to cut a word into tokens, the
// one whose scores sum up highest, by Viterbi's algorithm.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "text/byte_trie.h"
#include "text/subword_model.h"
#include "text/vocabulary.h"

namespace weft {

// What a token is to the model.
enum class UnigramPiece : uint8_t {
  kNormal,
  kUserDefined,  // scored so that it always wins
  kAbsent        // no text holds it: control, byte and unused tokens
};

struct UnigramOptions {
  int32_t unknown_id = Vocabulary::kNone;  // for characters that no token holds; kNone: they vanish
  bool byte_fallback = false;              // unknown characters become their bytes' tokens "<0xNN>"
  bool single_precision = false;           // sums are rounded to float, as in SentencePiece; else as in Hugging Face's
};

class UnigramModel : public SubwordModel {
 public:
  // `scores` (none of them NaN) and `pieces` by id.
  UnigramModel(const Vocabulary& vocabulary, std::span<const double> scores, const std::vector<UnigramPiece>& pieces,
               const UnigramOptions& options);
  void encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const override;

 private:
  // The best way to the end of some character.
  struct Best {
    double score = 0;
    int32_t id = 0;
    uint32_t begin = kUnreached;  // of its last token
  };
  static constexpr uint32_t kUnreached = 0xFFFFFFFF;
  struct TokenRange {
    int32_t id;
    size_t begin, end;
  };

  void extend(std::string_view word, size_t begin, std::vector<Best>& best) const;
  void offer(Best& target, double score, int32_t id, size_t begin) const;
  // `begin`: where the text begins in its word.
  void add_unknown(std::string_view text, size_t begin, MergeScratch& scratch, std::vector<int32_t>& out) const;

  ByteTrie trie_;
  std::vector<double> scores_;
  std::vector<UnigramPiece> pieces_;
  UnigramOptions options_;
  double unknown_score_, max_score_;
  std::array<int32_t, 256> byte_ids_;
};

}  // namespace weft
