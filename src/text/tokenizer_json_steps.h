// The parts of tokenizer.json around the vocabulary, and what their readers share.
#pragma once

#include <vector>

#include "base/status.h"
#include "text/json_node.h"
#include "text/pipeline_tokenizer.h"

namespace weft {

Result<Normalizer> parse_normalizer(const JsonNode& root);

struct ParsedPreTokenizer {
  PreTokenizer steps;
  bool byte_level = false;  // the words are to be read as bytes in GPT-2's alphabet: its last step, done by the model
};
Result<ParsedPreTokenizer> parse_pre_tokenizer(const JsonNode& root);

struct ParsedPostProcessor {
  std::vector<int64_t> prefix_ids, suffix_ids;  // not yet checked against the vocabulary
};
Result<ParsedPostProcessor> parse_post_processor(const JsonNode& root);

Result<TokenDecoder> parse_decoder(const JsonNode& root);

// The steps of root[key], sequences laid flat in order; `inner` is the name of a sequence's list.
Result<std::vector<JsonNode>> flat_steps(const JsonNode& root, std::string_view key, std::string_view inner);

// {"String": ..} or {"Regex": ..} under "pattern".
struct ParsedPattern {
  std::string_view text;
  bool regex;
};
Result<ParsedPattern> parse_pattern(const JsonNode& step);
Result<SplitPattern> compile_pattern(const JsonNode& step, const ParsedPattern& pattern);

// "prepend_scheme", or `add_prefix_space`, its older form.
Result<PrependScheme> parse_prepend_scheme(const JsonNode& step);

Error unsupported_type(const JsonNode& step, std::string_view type);

}  // namespace weft
