// Flags of the commands that run an engine; the names are vLLM's where it has them.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "apps/weft/command.h"
#include "repository/served_model.h"

namespace weft {

struct EngineFlags {
  int32_t max_model_len = 0;
  int64_t kv_cache_memory_bytes = 0;
  int32_t max_num_seqs = 64;
  int32_t max_num_batched_tokens = 512;
  bool enable_prefix_caching = true;
  std::string capacity_policy = "max_utilization";

  void add_to(CLI::App& command);
  ServedModelConfig to_config(const ComputeFlags& compute) const;
};

}  // namespace weft
