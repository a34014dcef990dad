// What /health and /metrics may know of an engine, without its thread or a lock that it holds while it works.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "scheduler/scheduler_stats.h"

namespace weft {

enum class EngineState { kOk, kDraining, kFailed };

struct EngineHealth {
  EngineState state = EngineState::kOk;
  size_t num_requests = 0;  // submitted and not ended
  Nanos last_turn = 0;      // start of the loop's last turn (the heartbeat)
  Nanos last_progress = 0;  // end of the last step that the executor finished

  // Requests wait, but no step has ended for `limit`: the device or the loop hangs. An idle engine never stalls.
  bool stalled(Nanos now, Nanos limit) const { return num_requests > 0 && now - last_progress > limit; }
};

// Copied once per step. Sums since the engine's start are in scheduler.counters.
struct EngineStats {
  SchedulerStats scheduler;
  int64_t num_stopped = 0;  // choices, by how they ended
  int64_t num_length = 0;
  int64_t num_aborted = 0;
  int64_t num_failed = 0;  // requests that ended with an error
};

}  // namespace weft
