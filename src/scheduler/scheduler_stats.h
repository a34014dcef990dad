// What the scheduler tells metrics.
#pragma once

#include <cstdint>
#include <vector>

namespace weft {

// Only ever grow.
struct SchedulerCounters {
  int64_t steps = 0;                   // planned
  int64_t prefix_queries_tokens = 0;   // prompt tokens looked up in the prefix cache
  int64_t prefix_hits_tokens = 0;      // and found there
  int64_t prompt_tokens_computed = 0;  // prefill tokens committed for the first time
  int64_t output_tokens = 0;           // sampled and kept
  int64_t recomputed_tokens = 0;       // committed again after a preemption
  int64_t preemptions = 0;
  int64_t protections = 0;     // sequences that came back after their last allowed preemption
  int64_t stalled_rows = 0;    // a running sequence sat out a step for want of pages
  int64_t surplus_tokens = 0;  // computed for sequences that had ended
};

struct CacheGroupStats {
  int32_t num_pages = 0;
  int32_t num_in_use = 0;
  int32_t num_evictable = 0;
  int32_t num_free = 0;
  int64_t num_evictions = 0;
};

struct SchedulerStats {
  int32_t num_running = 0;           // sequences that hold a row
  int32_t num_waiting = 0;           // sequences that wait for one
  int32_t num_waiting_requests = 0;  // requests of which no choice has started
  int64_t num_waiting_prompt_tokens = 0;
  std::vector<CacheGroupStats> groups;
  SchedulerCounters counters;
};

}  // namespace weft
