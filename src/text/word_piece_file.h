// A plain WordPiece vocabulary: vocab.txt of BERT's kin, a token per line, the id is the number of the line.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "model_files/metadata.h"
#include "text/pipeline_tokenizer.h"
#include "text/tokenizer.h"

namespace weft {

// Around the vocabulary stands BERT's tokenizer, with tokenizer_config.json's do_lower_case, strip_accents and
// tokenize_chinese_chars. Where do_lower_case is not given, a vocabulary without capital letters is lower-cased.
// kCorruptFile for a file without an unknown token.
Result<std::unique_ptr<Tokenizer>> load_word_piece_file(std::string_view text, const Metadata& metadata);

// BERT's normalizer, pre-tokenizer, model, decoder and special tokens around parts.vocabulary, whose tokens inside a
// word begin with "##". The special tokens are those of `special`, by their texts ("[CLS]") in the vocabulary.
struct BertSpecials {
  std::string unknown = "[UNK]", cls = "[CLS]", separator = "[SEP]", padding = "[PAD]", mask = "[MASK]";
};
Status build_bert(const BertNormalization& normalization, const BertSpecials& special, TokenizerParts& parts);

}  // namespace weft
