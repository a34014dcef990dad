// Which tokens run next. Pure and deterministic: no device, no thread, time from an injected clock; the same calls give
// the same plans. Engine thread only.
//
// A step has one budget of tokens. Each running decode takes one token of it (I14), then running prefills and then
// waiting sequences, by (priority, arrival), take chunks; when several want to prefill each takes at most half of what
// is left in the first round, so that a short prompt passes a long one. When pages run out, the last of the running
// sequences is preempted and later recomputed, at most kMaxPreemptions times (I11).
//
// Up to max_steps_in_flight plans may be out before the first is committed. A plan then holds kPromisedToken for
// samples that are not known yet, and possibly a row for a sequence that turns out to have ended: that row's result is
// dropped, and its pages and row are freed when the last step that touches them is committed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "kv_cache/kv_cache.h"
#include "request/cache_spec.h"
#include "request/step_plan.h"
#include "request/step_result.h"
#include "request/token_event.h"
#include "scheduler/page_budget.h"
#include "scheduler/scheduler_config.h"
#include "scheduler/scheduler_stats.h"
#include "scheduler/sequence.h"

namespace weft {

class Scheduler {
 public:
  // `config` must be valid; `pages_per_group`: one per group of `spec`; `clock` outlives the scheduler.
  Scheduler(const SchedulerConfig& config, const CacheSpec& spec, const std::vector<int32_t>& pages_per_group,
            const Clock& clock);

  // Takes the request in, or refuses it: kQueueFull, or kContextLengthExceeded for what could never fit the cache
  // (I12). `id` must be new.
  Status admit(RequestId id, ValidatedRequest request);
  // Ends the request: each open choice gets a terminal event with kAbort. Legal at any time for any id; idempotent
  // (I7).
  void cancel(RequestId id);
  // Ends one choice in the same way, and the request with it if that was its last; unknown choices are ignored, too.
  void cancel_choice(RequestId id, int32_t choice);
  // Ends the request with an error event; as cancel() otherwise. For errors that the engine finds, e.g. I21.
  void fail(RequestId id, Error error);
  // The device is lost: every request ends with the error, and the steps in flight will never be committed.
  void fail_all(const Error& error);

  // The next step, to be run after those that are in flight. False, with `out` empty, when there is nothing to run now
  // or max_steps_in_flight are out. Also ends requests whose deadline has passed.
  bool plan(StepPlan& out);
  // The result of the oldest step in flight. Appends all events since the last call.
  void commit(const StepResult& result, std::vector<TokenEvent>& events);
  // Appends the events of cancel(), fail() and plan() when there is nothing to commit.
  void take_events(std::vector<TokenEvent>& events);

  bool has_requests() const { return !requests_.empty(); }
  size_t num_steps_in_flight() const { return num_in_flight_; }
  SchedulerStats stats() const;  // gauges are counted from state (I10)
  const KvCache& cache() const { return cache_; }
  // I9 and the scheduler's own invariants; the error says what is broken. Debug builds CHECK it after each commit.
  Status check_integrity() const;

 private:
  struct Scheduled {
    Sequence* sequence = nullptr;
    int32_t num_tokens = 0;
  };
  struct InFlightItem {
    Sequence* sequence = nullptr;
    int32_t num_tokens = 0;
    bool samples = false;
  };
  struct InFlightStep {
    uint64_t step = 0;
    std::vector<InFlightItem> items;
  };

  // scheduler.cc: planning
  void expire_deadlines();
  void schedule_decodes();
  void schedule_prefills();
  void start_waiting();
  void spread_leftover();
  int32_t first_round_limit(bool others_want) const;
  bool schedule(Sequence& sequence, int32_t num_tokens);  // at most; preempts others for the first of them
  void extend(Scheduled& item, int32_t num_tokens);
  bool preempt_for(const Sequence& sequence);
  void unschedule(Sequence& sequence);
  void preempt(Sequence& sequence);
  bool is_parked(const Sequence& sequence) const;
  bool start(Sequence& sequence);
  void write_plan(StepPlan& out);
  void write_item(StepPlan& out, const Scheduled& scheduled);
  void write_tables(StepPlan& out) const;
  bool may_use_prefix_cache(const Request& request) const;

  // lifecycle.cc: admission, results, ends
  Status check_queue(int64_t num_prompt) const;
  void commit_item(const InFlightItem& item, const ItemResult& result);
  void commit_tokens(Sequence& sequence, const InFlightItem& item, const ItemResult& result);
  bool append_token(Sequence& sequence, const SampledToken& token, TokenEvent& event);
  void take_prompt_logprobs(Sequence& sequence, int32_t start, const ItemResult& result, TokenEvent& event);
  void end_request(RequestId id, const Error* error);  // no error: cancelled
  void abort_sequence(Sequence& sequence);
  void end_sequence(Sequence& sequence);
  void release(Sequence& sequence);  // its pages and its row
  void forget_if_done(Request& request);
  TokenEvent make_event(Sequence& sequence);

  // integrity.cc
  Status check_sequence(const Sequence& sequence) const;
  Status check_rows() const;
  Status check_in_flight() const;

  SchedulerConfig config_;
  const Clock& clock_;
  KvCache cache_;
  PageBudget budget_;

  std::map<RequestId, std::unique_ptr<Request>> requests_;
  std::set<Sequence*, RunsBefore> waiting_;
  std::vector<Sequence*> holders_;  // all that hold a row, in RunsBefore order
  std::vector<bool> row_used_;
  std::vector<int32_t> freed_rows_;      // that no plan has told yet
  std::vector<InFlightStep> in_flight_;  // a ring of max_steps_in_flight
  size_t first_in_flight_ = 0;
  size_t num_in_flight_ = 0;
  std::vector<TokenEvent> events_;
  uint64_t next_step_ = 1;
  uint64_t next_arrival_ = 0;
  SequenceId next_sequence_ = 1;
  SchedulerCounters counters_;

  // Of the plan being made.
  int32_t tokens_left_ = 0;
  bool preempted_ = false;
  std::vector<Scheduled> scheduled_;
  std::vector<Sequence*> started_;
  PrefixHit hit_;
};

}  // namespace weft
