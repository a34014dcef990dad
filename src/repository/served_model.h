// A model that answers requests: weights, cache, engine and text service, wired together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "frontend/text_service_impl.h"
#include "repository/model_runtime.h"

namespace weft {

struct ServedModelConfig {
  std::string model;  // see resolve_model()
  int threads = 0;    // 0: all usable CPUs
  std::string isa = "auto";
  int32_t max_model_len = 0;  // tokens; 0: the model's own context
  int64_t kv_cache_memory_bytes =
      0;  // 0: enough for max_num_seqs full contexts, at most 40 % of the available memory and 4 GiB
  SchedulerConfig scheduler;
  // Names of tool_call_formats() and reasoning_styles(), "none", or "auto": what the chat template speaks of.
  std::string tool_call_parser = "auto";
  std::string reasoning_parser = "auto";
  std::function<void(const Error& error)> on_failure;  // the engine failed; on its thread
};

// kInvalidValue for a name that there is none of; it lists those that are. Needs no model.
Status check_parser_names(const ServedModelConfig& config);

// Members are destroyed in reverse: the service ends before the threads and weights that it uses.
struct ServedModel {
  ModelRuntime runtime;
  int64_t kv_cache_bytes = 0;
  int64_t kv_cache_tokens = 0;  // of context, over all sequences
  std::shared_ptr<TextServiceImpl> service;

  // `clock` outlives the model. Takes a second or so: reads and packs the weights.
  static Result<ServedModel> load(const ServedModelConfig& config, const Clock& clock);

  // One line for the log: device, kernels, precision, cache.
  std::string description() const;
};

}  // namespace weft
