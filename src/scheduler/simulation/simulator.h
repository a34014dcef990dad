// Drives the scheduler and its cache through one random trace, single-threaded and faster than real time: arrivals,
// shared prompts, cancels at any moment, failing rows, deadlines, tiny pools. Everything follows from the seed.
//
// What it checks: every plan by FakeDevice (pages, positions, tokens, rows, budget, no decode left out); each choice
// ends exactly once, with exactly the tokens that it has alone, or a prefix of them when it was interrupted (I8, I16);
// work pending means progress (I11); conservation after every call (I9); nothing held at the end (I10).
#pragma once

#include <cstdint>

#include "base/sha256.h"
#include "base/status.h"
#include "request/cache_spec.h"
#include "scheduler/scheduler_config.h"
#include "scheduler/scheduler_stats.h"

namespace weft {

// What a trace is drawn from. random_setup() draws one; tests may set their own.
struct SimulationSetup {
  SchedulerConfig config;
  CacheSpec spec;
  std::vector<int32_t> pages_per_group;
  int32_t num_requests = 20;
  int32_t num_families = 2;  // of prompts that begin alike
  int32_t max_prompt = 80;
  int32_t max_output = 40;
  double arrival_chance = 0.2;  // per step
  double cancel_chance = 0.02;
  double deadline_chance = 0.05;  // per request
  double lost_device_chance = 0;  // per trace
  bool may_fail = true;           // rows with numbers that are not finite
  bool may_stop = true;           // by a stop token; else every output has its full length
};

SimulationSetup random_setup(uint64_t seed);

struct SimulationReport {
  Digest trace{};  // of all plans and events: equal seeds must give equal traces
  int64_t num_requests = 0;
  int64_t num_refused = 0;
  int64_t num_cancelled = 0;
  int64_t num_failed = 0;
  int64_t num_whole = 0;  // choices that ran to their end
  SchedulerCounters counters;
  int64_t num_evictions = 0;
};

// The report, or an error that says what went wrong and in which step.
Result<SimulationReport> simulate(const SimulationSetup& setup, uint64_t seed);

}  // namespace weft
