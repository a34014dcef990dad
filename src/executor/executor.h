// Runs StepPlans. Asynchronous by contract: submit() may return before the forward pass is done, masks of grammars are
// bound while it runs, collect() waits. How many tickets may be open at once is max_steps_in_flight(); tickets are
// collected in the order of their submission. One thread at a time calls an executor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "request/cache_spec.h"
#include "request/step_plan.h"
#include "request/step_result.h"

namespace weft {

struct StepTicket {
  uint64_t step = 0;  // StepPlan::step
};

// Which tokens a sampling item of the plan may return: bit t%32 of word t/32 is set for a legal token t.
struct ItemMask {
  int32_t item = 0;                 // index into StepPlan::items
  std::span<const uint32_t> words;  // ceil(vocab_size / 32); the caller's, until the step is collected
};

class Executor {
 public:
  virtual ~Executor() = default;

  virtual const CacheSpec& cache_spec() const = 0;
  // Pages of each cache group that were reserved at load.
  virtual std::span<const int32_t> num_pages() const = 0;
  virtual int32_t max_steps_in_flight() const = 0;

  // Starts a step. The plan may be reused by the caller after the call.
  virtual StepTicket submit(const StepPlan& plan) = 0;
  // Before collect() and before the next submit(); items without a mask may return any token.
  virtual void bind_masks(StepTicket ticket, std::span<const ItemMask> masks) = 0;
  // Waits for the step. An error is a failure of the device: the engine stops for good (I26).
  virtual Result<StepResult> collect(StepTicket ticket) = 0;
};

}  // namespace weft
