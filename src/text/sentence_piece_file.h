// SentencePiece's model file (tokenizer.model, spiece.model): a ModelProto in Protocol Buffers' wire format.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "model_files/metadata.h"
#include "text/pipeline_tokenizer.h"
#include "text/tokenizer.h"

namespace weft {

// Kinds: unigram and BPE, with the file's own normalisation. Which special tokens are added is not in the file: by
// tokenizer_config.json's add_bos_token and add_eos_token; without them BOS before a BPE text, nothing for unigram.
// kUnsupported for word and character models, and for model classes whose ids differ from those of the file.
Result<std::unique_ptr<Tokenizer>> load_sentence_piece_file(std::string_view bytes, const Metadata& metadata);

// What the pieces of a vocabulary are; the numbers are those of the file format, and of GGUF's token_type.
enum class PieceType : uint8_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct SentencePieces {
  std::vector<double> scores;    // by id
  std::vector<PieceType> types;  // by id
  int32_t unknown_id = Vocabulary::kNone;
  bool byte_fallback = false;
  bool single_precision = true;  // scores are added up as SentencePiece does, not as Hugging Face's tokenizers
};

// Adds normalisation, unigram model and decoder around parts.vocabulary, for a SentencePiece file or a GGUF file that
// was made of one. Added tokens, prefix and suffix are the caller's.
Status build_unigram(const SentencePieces& pieces, SentencePieceNormalization normalization, TokenizerParts& parts);

}  // namespace weft
