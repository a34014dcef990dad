// Hugging Face's tokenizer.json.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "model_files/metadata.h"
#include "text/tokenizer.h"

namespace weft {

// Kinds of model: BPE (byte-level, or with byte fallback). kUnsupported names a component that is not read;
// kCorruptFile the place of a contradiction. `metadata` gives BOS and EOS ("tokenizer_config.bos_token" or
// "bos_token_id").
Result<std::unique_ptr<Tokenizer>> load_json_tokenizer(std::string_view json, const Metadata& metadata);

}  // namespace weft
