// Limits on what comes from files and requests, one struct per reader. Every parser is bounded by one of these (I1,
// I13).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace weft {

// A chat template: its source when it is parsed, the rest when it is rendered.
struct TemplateLimits {
  size_t source_bytes = 256 * 1024;
  size_t nesting = 64;             // open blocks and brackets in the source; calls inside calls when it runs
  uint64_t steps = 5'000'000;      // evaluated nodes, list items touched, and every 32 bytes of text made
  size_t output_bytes = 16 << 20;  // of the result, and of any single string on the way
  Nanos time = kNanosPerSecond / 2;
};

// What the readers of model files accept at most. A file beyond a limit is refused with an error that names the limit;
// memory stays within a small multiple of the file's size.
struct FileLimits {
  uint64_t max_gguf_values = 65'536;  // key-values of one file
  uint64_t max_tensors = 65'536;      // of one file
  uint64_t max_name_bytes = 65'535;   // a key; a tensor's name
  uint64_t max_string_bytes = 16u << 20;
  uint64_t max_array_length = 16u << 20;
  uint32_t max_gguf_dimensions = 4;
  uint32_t max_dimensions = 8;  // safetensors
  uint32_t max_alignment = 64u << 10;
  uint64_t max_safetensors_header_bytes = 100'000'000;
  uint64_t max_safetensors_files = 1'024;
  uint64_t max_tokenizer_bytes = 256u << 20;
  uint64_t max_side_file_bytes = 64u << 20;  // config.json and the like
  size_t max_json_depth = 32;
  size_t max_json_nodes = 1'000'000;
};

// A request's fields, beside the ranges that ValidatedRequest checks.
struct RequestLimits {
  size_t stops = 16;
  size_t stop_bytes = 256;  // of each
  size_t stop_token_ids = 64;
  size_t logit_bias = 1024;  // entries
  size_t cache_salt_bytes = 1024;
};

inline constexpr RequestLimits kRequestLimits;

// Structured output: what a client may ask for, and what following it may cost.
struct GrammarLimits {
  size_t schema_bytes = 128 * 1024;
  size_t schema_depth = 64;  // of the schema's JSON
  size_t properties = 5'000;
  size_t enum_values = 1'000;  // of one schema object
  size_t union_arms = 64;      // of one anyOf or oneOf
  size_t regex_bytes = 4 * 1024;
  int64_t regex_repeat = 1'000;  // of a bounded quantifier
  int32_t max_states = 50'000;   // of one automaton
  size_t grammar_bytes = 64 * 1024;
  size_t grammar_nesting = 200;
  size_t grammar_rules = 5'000;
  size_t choices = 1'000;
  size_t values = 20'000;       // shapes of one ValueGrammar
  uint64_t steps = 50'000'000;  // of compiling: automaton transitions made, shapes merged
  size_t memory_bytes = 256u << 20;
  Nanos compile_time = 2 * kNanosPerSecond;
  int32_t json_depth = 256;  // of generated values
  int32_t threads = 1'024;   // alternatives that are followed at one time
};

}  // namespace weft
