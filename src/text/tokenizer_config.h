// What tokenizer_config.json and config.json say about a tokenizer, for files that hold only a vocabulary.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model_files/metadata.h"
#include "text/added_tokens.h"
#include "text/vocabulary.h"

namespace weft {

constexpr int64_t kMaxTokens = 4 << 20;  // of any vocabulary

// The id of the "bos" or "eos" token: by tokenizer_config.json's "bos_token", else config.json's "bos_token_id".
std::optional<int32_t> configured_token(const Metadata& metadata, std::string_view name, const Vocabulary& vocabulary);

// tokenizer_config.json's "added_tokens_decoder", by id. kCorruptFile for ids that are no numbers or too large.
Result<std::vector<AddedToken>> configured_added_tokens(const Metadata& metadata);

// Makes room for added tokens in a vocabulary's forms, and writes their texts there. kCorruptFile when an id inside
// the vocabulary has another text.
Status add_forms(const std::vector<AddedToken>& tokens, std::vector<std::string>& forms);

// A longer token would make the work of finding tokens quadratic: kUnsupported.
Status check_token_lengths(const Vocabulary& vocabulary);

}  // namespace weft
