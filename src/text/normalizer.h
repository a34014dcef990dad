// Rewrites a text before it is cut into words: the steps of tokenizer.json's "normalizer".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/charsmap.h"
#include "text/split_pattern.h"

namespace weft {

// Immutable, safe to use from many threads. Valid UTF-8 stays valid.
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  virtual void apply(std::string& text) const = 0;
  // True when apply() surely leaves `text` as it is; false when that isn't known.
  virtual bool leaves(std::string_view /*text*/) const { return false; }
};

using Normalizer = std::vector<std::unique_ptr<NormalizerStep>>;

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

std::unique_ptr<NormalizerStep> normal_form_step(NormalForm form);
std::unique_ptr<NormalizerStep> prepend_step(std::string prefix);  // nothing is put before an empty text
std::unique_ptr<NormalizerStep> replace_step(std::string from, std::string to);
std::unique_ptr<NormalizerStep> lowercase_step();

// Replaces the matches of a pattern by the text itself (no groups).
std::unique_ptr<NormalizerStep> replace_step(SplitPattern from, std::string to);
std::unique_ptr<NormalizerStep> strip_step(bool left, bool right);  // white space at the ends
std::unique_ptr<NormalizerStep> strip_accents_step();               // removes all marks (general category M)
std::unique_ptr<NormalizerStep> nmt_step();                         // removes controls, makes odd spaces plain ones
std::unique_ptr<NormalizerStep> byte_alphabet_normal_step();        // GPT-2's alphabet; see byte_level.h

// "BertNormalizer".
struct BertNormalization {
  bool clean_text = true;  // removes controls, makes all white space plain spaces
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};
std::unique_ptr<NormalizerStep> bert_step(const BertNormalization& options);

// "Precompiled": SentencePiece's rules as Hugging Face applies them, to clusters of under six bytes, else to
// characters.
std::unique_ptr<NormalizerStep> precompiled_step(Charsmap charsmap);

// SentencePiece's own normalisation (sentence_piece_file.h says where the options come from).
struct SentencePieceNormalization {
  std::optional<Charsmap> charsmap;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  bool suffix_whitespace = false;       // the dummy prefix stands behind the text
  std::vector<std::string> kept_texts;  // user-defined tokens, which no rule changes
};
std::unique_ptr<NormalizerStep> sentence_piece_step(SentencePieceNormalization options);

// False when the steps surely leave `text` as it is.
bool changes(const Normalizer& normalizer, std::string_view text);
std::string normalize(const Normalizer& normalizer, std::string_view text);

}  // namespace weft
