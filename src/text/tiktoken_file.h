// OpenAI's rank files (*.tiktoken, and tokenizer.model of Llama 3): lines "base64 rank"; the rank is the id, and the
// order in which bytes merge.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "model_files/metadata.h"
#include "text/tokenizer.h"

namespace weft {

// Whether the file begins like one.
bool is_tiktoken_file(std::string_view text);

// The file has neither the split pattern nor the special tokens. They are those of the family with as many ranks;
// special tokens come from tokenizer_config.json's "added_tokens_decoder" where it is there. kUnsupported for an
// unknown family, or one whose special tokens are not given; kCorruptFile for ranks that are not 0, 1, 2, ...
Result<std::unique_ptr<Tokenizer>> load_tiktoken_file(std::string_view text, const Metadata& metadata);

}  // namespace weft
