#include "scheduler/simulation/simulator.h"

#include <algorithm>
#include <map>

#include "base/rng.h"
#include "scheduler/scheduler.h"
#include "scheduler/simulation/fake_device.h"
#include "scheduler/simulation/history.h"
#include "scheduler/simulation/workload.h"

namespace weft {
namespace {

constexpr Nanos kStepTime = 1'000'000;

class Simulator {
 public:
  Simulator(const SimulationSetup& setup, uint64_t seed)
      : setup_(setup),
        rng_(mix64(seed)),
        workload_(setup, mix64(seed + 1)),
        scheduler_(setup.config, setup.spec, setup.pages_per_group, clock_),
        device_(setup.spec, setup.pages_per_group, setup.config.max_num_seqs, setup.config.max_num_batched_tokens) {}

  Result<SimulationReport> run() {
    const bool loses_device = rng_.chance(setup_.lost_device_chance);
    // Far beyond what any trace needs: each running request advances, and each is recomputed three times at most.
    const int64_t most_ticks = 2000 + 400 * static_cast<int64_t>(setup_.num_requests) * setup_.max_output;
    for (int64_t tick = 0; report_.num_requests < setup_.num_requests || scheduler_.has_requests(); ++tick) {
      if (tick > most_ticks)
        return make_error(ErrorCode::kInternalError, "Requests are still open after {} ticks.", tick);
      Status status = run_tick();
      if (!status) return in_context(fmt::format("Step {}", plan_.step), status.error());
      if (loses_device && rng_.chance(0.01)) {
        scheduler_.fail_all(make_error(ErrorCode::kInternalError, "The device is lost."));
        break;
      }
    }
    TRY(take_events());
    TRY(check_quiescence());
    TRY(history_.check_all_ended());
    finish_report();
    return report_;
  }

 private:
  Status run_tick() {
    clock_.advance(kStepTime);
    if (report_.num_requests < setup_.num_requests && rng_.chance(setup_.arrival_chance)) TRY(admit_one());
    if (rng_.chance(setup_.cancel_chance)) TRY(rng_.chance(0.5) ? cancel_one() : cancel_choice());
    // Which of planning and reading a result comes first is open as long as both can be done.
    const bool may_commit = scheduler_.num_steps_in_flight() > 0;
    if (may_commit && rng_.chance(0.4)) return commit_one();
    if (scheduler_.plan(plan_)) {
      record_plan();
      TRY(device_.submit(plan_));
      return scheduler_.check_integrity();
    }
    TRY(take_events());
    if (scheduler_.num_steps_in_flight() > 0) return commit_one();
    if (scheduler_.has_requests())
      return make_error(ErrorCode::kInternalError, "Work is pending, but no step is planned.");
    return {};
  }

  Status admit_one() {
    const RequestId id = static_cast<RequestId>(++report_.num_requests);
    ValidatedRequest request = workload_.draw(id, clock_.now(), history_);
    Status status = scheduler_.admit(id, request);
    if (status) {
      history_.accept(id, request);
      return scheduler_.check_integrity();
    }
    ++report_.num_refused;
    const ErrorCode code = status.error().code;
    if (code == ErrorCode::kContextLengthExceeded || code == ErrorCode::kQueueFull) return {};
    return status;
  }

  // Any id: seen or not, waiting, running, ended.
  Status cancel_one() {
    const RequestId id = rng_.below(static_cast<uint64_t>(report_.num_requests) + 2);
    scheduler_.cancel(id);
    if (rng_.chance(0.2)) scheduler_.cancel(id);
    history_.interrupt(id);
    TRY(take_events());
    return scheduler_.check_integrity();
  }

  // As a client's stop string does; any choice, also one that there is not.
  Status cancel_choice() {
    const RequestId id = rng_.below(static_cast<uint64_t>(report_.num_requests) + 2);
    const auto choice = static_cast<int32_t>(rng_.below(4));
    history_.announce_choice(id, choice);
    scheduler_.cancel_choice(id, choice);
    TRY(take_events());
    TRY(history_.check_choice_ended(id, choice));
    return scheduler_.check_integrity();
  }

  Status commit_one() {
    std::vector<TokenEvent> events;
    scheduler_.commit(device_.collect(), events);
    TRY(record_events(events));
    return scheduler_.check_integrity();
  }

  Status take_events() {
    std::vector<TokenEvent> events;
    scheduler_.take_events(events);
    return record_events(events);
  }

  Status record_events(const std::vector<TokenEvent>& events) {
    for (const TokenEvent& event : events) {
      trace(event.request, event.choice, event.token ? event.token->token : -1, static_cast<int>(event.finish),
            event.error ? static_cast<int>(event.error->code) : -1, event.num_cached_tokens, event.time);
      TRY(history_.add(event, device_));
    }
    flush_trace();
    return {};
  }

  void record_plan() {
    trace(plan_.step, plan_.items.size());
    for (int32_t row : plan_.freed_rows) trace(row);
    for (const RowStart& start : plan_.row_starts) trace(start.row, start.sequence, start.output_ids.size());
    for (const StepItem& item : plan_.items) {
      trace(item.sequence, item.row, item.start_position, item.num_new_tokens, item.samples);
    }
    for (TokenId token : plan_.token_ids) trace(token);
    for (const GroupTables& group : plan_.groups) {
      for (PageId page : group.block_table) trace(page);
    }
    flush_trace();
  }

  template <class... Values>
  void trace(Values... values) {
    const auto append = [this](int64_t value) {
      trace_bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    };
    (append(static_cast<int64_t>(values)), ...);
  }

  void flush_trace() {
    digest_.update(trace_bytes_);
    trace_bytes_.clear();
  }

  Status check_quiescence() {
    TRY(scheduler_.check_integrity());
    const SchedulerStats stats = scheduler_.stats();
    bool quiet = stats.num_running == 0 && stats.num_waiting == 0 && stats.num_waiting_requests == 0 &&
                 scheduler_.num_steps_in_flight() == 0;
    for (const CacheGroupStats& group : stats.groups) {
      quiet = quiet && group.num_in_use == 0 && group.num_free + group.num_evictable == group.num_pages;
      if (!setup_.config.enable_prefix_caching) quiet = quiet && group.num_evictable == 0;
    }
    if (quiet) return {};
    return make_error(ErrorCode::kInternalError, "All requests have ended, but something is still held.");
  }

  void finish_report() {
    const SchedulerStats stats = scheduler_.stats();
    report_.counters = stats.counters;
    for (const CacheGroupStats& group : stats.groups) report_.num_evictions += group.num_evictions;
    report_.num_cancelled = history_.num_cancelled();
    report_.num_failed = history_.num_failed();
    report_.num_whole = history_.num_whole();
    report_.trace = digest_.finish();
  }

  const SimulationSetup& setup_;
  Rng rng_;
  Workload workload_;
  ManualClock clock_;
  Scheduler scheduler_;
  FakeDevice device_;
  History history_;
  StepPlan plan_;
  SimulationReport report_;
  Sha256 digest_;
  std::string trace_bytes_;
};

}  // namespace

Result<SimulationReport> simulate(const SimulationSetup& setup, uint64_t seed) { return Simulator(setup, seed).run(); }

}  // namespace weft
