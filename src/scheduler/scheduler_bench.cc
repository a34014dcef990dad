// What one step costs the engine thread: plan and commit, without events' consumers and without a device.
#include <benchmark/benchmark.h>

#include <numeric>

#include "base/rng.h"
#include "scheduler/scheduler.h"

namespace weft {
namespace {

CacheSpec two_groups() {
  return {{{.kind = CacheGroupKind::kFull, .num_layers = 1},
           {.kind = CacheGroupKind::kWindow, .window = 512, .num_layers = 1}},
          "layout",
          "model"};
}

ValidatedRequest make_request(int32_t num_prompt, int32_t max_tokens, uint64_t seed) {
  RequestDraft draft;
  Rng rng(seed);
  for (int32_t i = 0; i < num_prompt; ++i) draft.prompt.push_back(static_cast<TokenId>(rng.below(50'000)));
  draft.max_tokens = max_tokens;
  return *ValidatedRequest::make(
      std::move(draft), {.vocab_size = 50'000, .max_model_len = 1'000'000, .max_n_times_max_tokens = 1'000'000});
}

void run_step(Scheduler& scheduler, StepPlan& plan, StepResult& result, std::vector<TokenEvent>& events) {
  CHECK(scheduler.plan(plan));
  result.step = plan.step;
  result.items.resize(plan.items.size());
  for (size_t i = 0; i < plan.items.size(); ++i) {
    result.items[i].sequence = plan.items[i].sequence;
    result.items[i].tokens.resize(plan.items[i].samples ? 1 : 0);
  }
  events.clear();
  scheduler.commit(result, events);
}

// One step of `range(0)` sequences that decode after prompts of 1,000 tokens.
void decode_step(benchmark::State& state) {
  const auto num_seqs = static_cast<int32_t>(state.range(0));
  ManualClock clock;
  SchedulerConfig config{.max_num_seqs = num_seqs, .max_num_batched_tokens = 8192};
  Scheduler scheduler(config, two_groups(), {200'000, 200'000}, clock);
  StepPlan plan;
  StepResult result;
  std::vector<TokenEvent> events;
  RequestId next_id = 0;
  for (auto _ : state) {
    if (!scheduler.has_requests()) {
      state.PauseTiming();
      for (int32_t i = 0; i < num_seqs; ++i) {
        CHECK(scheduler.admit(next_id, make_request(1000, 4000, next_id)));
        ++next_id;
      }
      while (scheduler.stats().num_waiting > 0) run_step(scheduler, plan, result, events);
      state.ResumeTiming();
    }
    run_step(scheduler, plan, result, events);
  }
}
BENCHMARK(decode_step)->Arg(1)->Arg(32)->Arg(256)->Unit(benchmark::kMicrosecond);

// A prompt of 100,000 tokens that the cache holds: its keys are hashed and found.
void find_long_prefix(benchmark::State& state) {
  ManualClock clock;
  SchedulerConfig config{.max_num_seqs = 1, .max_num_batched_tokens = 200'000};
  Scheduler scheduler(config, two_groups(), {10'000, 10'000}, clock);
  StepPlan plan;
  StepResult result;
  std::vector<TokenEvent> events;
  const ValidatedRequest request = make_request(100'001, 1, 1);
  RequestId next_id = 0;
  CHECK(scheduler.admit(next_id++, request));
  run_step(scheduler, plan, result, events);
  for (auto _ : state) {
    CHECK(scheduler.admit(next_id++, request));
    run_step(scheduler, plan, result, events);
    CHECK(events.at(0).num_cached_tokens == 100'000);
  }
}
BENCHMARK(find_long_prefix)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft
