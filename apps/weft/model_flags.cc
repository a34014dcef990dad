#include "apps/weft/model_flags.h"

#include <algorithm>

namespace weft {

void EngineFlags::add_to(CLI::App& command) {
  // AsSizeValue would wrap a negative number around. The transform that is added last runs first.
  CLI::Validator not_negative(
      [](std::string& text) { return text.starts_with('-') ? "the size " + text + " is negative" : std::string(); },
      "");
  command.add_option("--max-model-len", max_model_len, "Tokens of prompt and answer together; 0: the model's context")
      ->check(CLI::Range(0, 1 << 27))
      ->capture_default_str();
  command
      .add_option("--kv-cache-memory-bytes", kv_cache_memory_bytes,
                  "Memory of the KV cache (4G, 512M, ...); 0: full contexts for all sequences, at most 40 % of the "
                  "free memory and 4 GiB")
      ->transform(CLI::AsSizeValue(false))
      ->transform(not_negative)
      ->capture_default_str();
  command.add_option("--max-num-seqs", max_num_seqs, "Sequences that run at a time")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--max-num-batched-tokens", max_num_batched_tokens, "Tokens of one step, at least --max-num-seqs")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  command.add_flag("--enable-prefix-caching,!--no-enable-prefix-caching", enable_prefix_caching,
                   "Reuse the KV cache of equal prompt beginnings (default on)");
  command
      .add_option("--capacity-policy", capacity_policy,
                  "max_utilization preempts when the cache is full, guaranteed_no_evict reserves in advance")
      ->check(CLI::IsMember({"max_utilization", "guaranteed_no_evict"}))
      ->capture_default_str();
}

ServedModelConfig EngineFlags::to_config(const ComputeFlags& compute) const {
  ServedModelConfig config;
  config.model = compute.model;
  config.threads = compute.threads;
  config.isa = compute.isa;
  config.max_model_len = max_model_len;
  config.kv_cache_memory_bytes = kv_cache_memory_bytes;
  config.scheduler.max_num_seqs = max_num_seqs;
  config.scheduler.max_num_batched_tokens = std::max(max_num_batched_tokens, max_num_seqs);
  config.scheduler.enable_prefix_caching = enable_prefix_caching;
  config.scheduler.capacity_policy =
      capacity_policy == "guaranteed_no_evict" ? CapacityPolicy::kGuaranteedNoEvict : CapacityPolicy::kMaxUtilization;
  return config;
}

}  // namespace weft
