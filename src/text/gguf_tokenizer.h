// The tokenizer that a GGUF file describes in its "tokenizer.ggml.*" keys.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model_files/metadata.h"
#include "text/tokenizer.h"

namespace weft {

// Kinds: "gpt2" (BPE by merges, mostly over bytes), "gemma4" and "whitespace" (BPE over characters), "llama"
// (SentencePiece BPE by scores), "t5" (SentencePiece unigram) and "bert" (WordPiece). kUnsupported for another kind and
// for an unknown "tokenizer.ggml.pre"; kCorruptFile for keys that contradict each other.
Result<std::unique_ptr<Tokenizer>> load_gguf_tokenizer(const Metadata& metadata);

// What a name in "tokenizer.ggml.pre" stands for; null when it is not known. GGUF files hold the name only: the
// patterns are those of the tokenizer.json of the models that gave the names.
struct GgufSplit {
  std::vector<std::string_view> names;
  std::vector<std::string_view> patterns;  // applied one after the other, each isolating its matches
  bool nfc = false;                        // the model's tokenizer normalises its text
  bool ignore_merges = false;
  bool adds_bos = false;  // when the file doesn't say
  // What merges begin with: bytes in GPT-2's alphabet; characters, with SentencePiece's marks for spaces and bytes for
  // unknown characters; or characters as they are.
  enum class Units { kBytes, kMarkedCharacters, kCharacters };
  Units units = Units::kBytes;
  bool drops_rest = false;  // what no pattern matches vanishes
};
const GgufSplit* find_gguf_split(std::string_view name);

std::string_view kimi_k2_pattern();  // holds set intersections: for Oniguruma

}  // namespace weft
