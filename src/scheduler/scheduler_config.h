// The scheduler's settings.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace weft {

// Names as TensorRT-LLM's.
enum class CapacityPolicy {
  kMaxUtilization,    // admit by the tokens known now; when pages run out, preempt and recompute
  kGuaranteedNoEvict  // admit only what can run to max_tokens; never preempt
};

struct SchedulerConfig {
  int32_t max_num_seqs = 256;             // sequences (rows) that run at once
  int32_t max_num_batched_tokens = 2048;  // tokens of one step, decode and prefill together; at least max_num_seqs
  bool enable_prefix_caching = true;
  CapacityPolicy capacity_policy = CapacityPolicy::kMaxUtilization;
  int32_t max_steps_in_flight = 1;                // 2: step n + 1 is planned before the result of step n is read
  size_t max_waiting_requests = 1024;             // requests of which no choice has started yet
  int64_t max_waiting_prompt_tokens = 2'000'000;  // of those requests together; one request alone is always let in
  int32_t prefix_key_bits = 256;                  // below 256 only in tests: the keys then collide

  Status validate() const;
};

// A sequence that was preempted so often comes back only with pages for its whole life, and is never preempted again
// (I11).
constexpr int32_t kMaxPreemptions = 3;

}  // namespace weft
