// What /metrics shows of the engine, as one snapshot. Whoever owns the engine fills it; gauges come from state, never
// from counting up and down (I10).
#pragma once

#include <cstdint>

namespace weft {

struct EngineMetrics {
  int64_t num_running = 0;  // requests in the batch
  int64_t num_waiting = 0;  // accepted, not in the batch
  double kv_usage = 0;      // share of the KV pages that hold live requests' tokens, 0..1
  int64_t num_kv_pages = 0;
  int64_t page_tokens = 0;
  // Since the start:
  uint64_t prompt_tokens = 0;         // of admitted requests, cached ones included, each once
  uint64_t cached_prompt_tokens = 0;  // of these, found in the prefix cache
  uint64_t generation_tokens = 0;
  uint64_t num_preemptions = 0;
  uint64_t prefix_query_tokens = 0;
  uint64_t prefix_hit_tokens = 0;
};

}  // namespace weft
