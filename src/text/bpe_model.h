// BPE by a list of merges, as in Hugging Face's tokenizer.json and in GGUF's "gpt2" vocabularies.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/merge_table.h"
#include "text/subword_model.h"
#include "text/vocabulary.h"

namespace weft {

// Two tokens that merge, by their forms.
struct MergeRule {
  std::string_view left, right;
};
// Reads "left right". A token may hold spaces itself, so the right space is the one that makes three tokens of the
// vocabulary; kCorruptFile when there is none.
Result<MergeRule> parse_merge(const Vocabulary& vocabulary, std::string_view text);

struct BpeOptions {
  bool byte_level = false;                 // words are bytes; each has the token of its character in GPT-2's alphabet
  bool byte_fallback = false;              // a character without a token becomes its bytes' tokens "<0xNN>"
  bool ignore_merges = false;              // a word that is a token stays whole, whatever the merges say
  bool rank_is_id = false;                 // a merge's rank is the id of what it makes, not its place in the list
  bool fuse_unknown = false;               // neighbouring unknown characters become one unknown token
  int32_t unknown_id = Vocabulary::kNone;  // kNone: unknown characters vanish
  std::string inner_prefix;                // of tokens that do not begin a word; not with byte_level
  std::string end_suffix;                  // of tokens that end a word ("</w>"); not with byte_level
};

class BpeModel : public SubwordModel {
 public:
  // `merges` by rank. kCorruptFile when one names a token that the vocabulary lacks. The vocabulary must outlive the
  // model.
  static Result<std::unique_ptr<BpeModel>> create(const Vocabulary& vocabulary, std::span<const MergeRule> merges,
                                                  const BpeOptions& options);

  void encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const override;

 private:
  BpeModel(const Vocabulary& vocabulary, const BpeOptions& options, size_t num_merges);
  int32_t whole_word(std::string_view word, MergeScratch& scratch) const;
  // The token of a character at its place in a word, or kNone.
  int32_t find_character(std::string_view character, bool first, bool last) const;
  void cut_bytes(std::string_view word, MergeScratch& scratch) const;
  void cut_characters(std::string_view word, MergeScratch& scratch) const;
  void merge_few(MergeScratch& scratch) const;
  void merge_many(MergeScratch& scratch) const;

  const Vocabulary& vocabulary_;
  BpeOptions options_;
  MergeTable merges_;
  std::array<int32_t, 256> byte_ids_;  // byte level: the characters' tokens; else the byte tokens
};

}  // namespace weft
