// Which file of a model holds its tokenizer.
#pragma once

#include <filesystem>
#include <memory>

#include "base/status.h"
#include "model_files/model_files.h"
#include "text/tokenizer.h"

namespace weft {

// The first of these that is there: tokenizer.json (Hugging Face), tokenizer.model (SentencePiece's, or tiktoken's
// ranks, told apart by content), tiktoken.model, vocab.txt (WordPiece). kNotFound when there is none.
Result<std::unique_ptr<Tokenizer>> load_directory_tokenizer(const ModelFiles& files);

// The file itself (*.json, *.model, *.tiktoken, *.txt, *.gguf), or the first of the above in a directory. The messages
// do not repeat the path.
Result<std::unique_ptr<Tokenizer>> load_tokenizer_file(const std::filesystem::path& path);

}  // namespace weft
