// A model's files turned into what runs: tokenizer, chat template, weights.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/status.h"
#include "executor/model_runner.h"
#include "machine/compute_pool.h"
#include "model_files/model_files.h"
#include "models/architecture.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace weft {

// Immutable after load; shared.
struct LoadedModel {
  ModelFiles files;
  const Architecture* architecture = nullptr;
  std::unique_ptr<Tokenizer> tokenizer;
  std::shared_ptr<const ChatTemplate> chat_template;  // null: base models have none
  std::string chat_template_source;                   // Jinja, of the one that requests with tools get; "" likewise
  std::vector<int32_t> eos_token_ids;                 // of generation_config, else of the tokenizer
  std::shared_ptr<const DecoderModel> decoder;
};

// kResourceExhausted, before anything is read, when the weights can't fit into memory. `max_positions`: see
// load_model().
Result<std::shared_ptr<const LoadedModel>> load_model_files(const std::filesystem::path& path, int32_t max_positions,
                                                            ComputePool& pool);

// Pages of each cache group that `bytes` pay for. A window group gets what `max_rows` sequences can use at a time, and
// the full groups the rest. kResourceExhausted when it is too little for one sequence of 16 tokens.
Result<std::vector<int32_t>> divide_cache_memory(const CacheSpec& spec, int64_t bytes, int32_t max_rows,
                                                 int64_t max_step_tokens);

}  // namespace weft
