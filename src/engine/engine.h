// The loop: one thread that owns the scheduler and the executor. Other threads reach it through a bounded mailbox and
// read its health and statistics without waiting for a step. A grammar is to it a TokenConstraint.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "engine/constraint_table.h"
#include "engine/health.h"
#include "engine/mailbox.h"
#include "executor/executor.h"
#include "request/token_event.h"
#include "request/validated_request.h"
#include "scheduler/scheduler.h"

namespace weft {

struct EngineConfig {
  SchedulerConfig scheduler;  // max_steps_in_flight is the executor's
  int32_t vocab_size = 0;     // bits of a grammar mask
  int num_mask_threads = 0;   // that make grammar masks while the forward pass runs; 0: the engine's own, after it
};

// What the engine tells its owner, always from the engine thread. Neither may block.
struct EngineListener {
  // The events of one step, in order.
  std::function<void(std::vector<TokenEvent> events)> on_events;
  // The device or the loop failed: every request has got its error event; the process should drain and exit non-zero.
  std::function<void(const Error& error)> on_failure;
};

class Engine {
 public:
  // `clock` outlives the engine. An error when the scheduler's settings are not valid.
  static Result<std::unique_ptr<Engine>> make(EngineConfig config, std::unique_ptr<Executor> executor,
                                              const Clock& clock, EngineListener listener);
  ~Engine();  // stop()

  // Any thread. Refuses with kQueueFull, kDraining or, after a failure, kInternalError. `id` is never used again. What
  // the scheduler refuses later (I12) comes as an error event.
  Status submit(RequestId id, ValidatedRequest request);
  // Any thread, any state, any id (I7). Open choices end with kAbort.
  void cancel(RequestId id);
  // The same for one choice: the others go on.
  void cancel_choice(RequestId id, int32_t choice);

  void start();
  // Refuses new requests; those that still run at `deadline` (of the clock) end with a kDraining error. Does not wait.
  void drain(Nanos deadline);
  // Returns when every request has ended. Not on the engine thread.
  void wait_until_empty() { mailbox_.wait_until_empty(); }
  // Ends the loop after its present step; requests that are left end with a kDraining error. Not on the engine thread.
  void stop();

  EngineHealth health() const;
  EngineStats stats() const;

  // One turn of the loop, for its own thread, or for tests and simulators that never call start(). False: there is
  // nothing to do until a message comes.
  bool step();

 private:
  struct InFlight {
    StepTicket ticket;
    StepPlan plan;
    enum class Masks { kNone, kStarted, kBound } masks = Masks::kNone;
  };

  Engine(const EngineConfig& config, std::unique_ptr<Executor> executor, const Clock& clock, EngineListener listener);
  void run();
  void admit();
  void end_drained();
  bool plan();
  void submit_plan();
  void start_masks();
  void bind_masks();
  bool idle();
  void fail(Error error);
  // Ends all requests, also those still in the mailbox, and publishes their error events.
  void end_all(const Error& error);

  // publish.cc
  void publish();
  void count(const TokenEvent& event);
  void copy_stats();

  const Clock& clock_;
  EngineListener listener_;
  std::unique_ptr<Executor> executor_;
  Scheduler scheduler_;
  ConstraintTable constraints_;
  Mailbox mailbox_;

  // Engine thread only.
  std::vector<EngineMessage> messages_;
  std::deque<InFlight> in_flight_;     // oldest first
  std::vector<StepPlan> spare_plans_;  // keep their memory
  StepPlan plan_;
  std::vector<TokenEvent> events_;
  std::unordered_map<RequestId, int32_t> choices_left_;  // of every admitted request
  std::vector<RequestId> ended_;
  EngineStats tally_;

  std::thread thread_;
  std::atomic<bool> stop_requested_ = false;
  std::atomic<EngineState> state_ = EngineState::kOk;
  std::atomic<Nanos> drain_deadline_ = 0;
  std::atomic<Nanos> last_turn_ = 0;
  std::atomic<Nanos> last_progress_ = 0;
  mutable std::mutex stats_mutex_;  // held for a copy only
  EngineStats stats_;               // the last copy of tally_
};

}  // namespace weft
