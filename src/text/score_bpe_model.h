// SentencePiece's BPE: neighbours merge when their text is a token, best score first. For GGUF's "llama" vocabularies,
// which carry scores and no merges.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/subword_model.h"
#include "text/vocabulary.h"

namespace weft {

class ScoreBpeModel : public SubwordModel {
 public:
  // `scores` and `mergeable` (whether a merge may make the token: not for control and byte tokens) by id. Characters
  // without a token become byte tokens "<0xNN>", or `unknown_id` where there are none (kNone: they vanish). The
  // vocabulary must outlive the model.
  ScoreBpeModel(const Vocabulary& vocabulary, std::span<const double> scores, const std::vector<bool>& mergeable,
                int32_t unknown_id);

  void encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const override;

 private:
  // The id of a token that text may become, or kNone.
  int32_t find(std::string_view text) const;

  const Vocabulary& vocabulary_;
  std::vector<uint32_t> ranks_;  // by id; 0 is the best score, equal scores have equal ranks; kNeverMerged
  std::array<int32_t, 256> byte_ids_;
  int32_t unknown_id_;
  size_t longest_;  // bytes of the longest token
};

}  // namespace weft
