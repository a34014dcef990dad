// The parts of tokenizer.json around the vocabulary.
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

struct ParsedDecoder {
  TokenForm form = TokenForm::kPlain;
  bool strips_leading_space = false;
};
Result<ParsedDecoder> parse_decoder(const JsonNode& root);

}  // namespace weft
