// Thousands of random traces through scheduler and cache. WEFT_SIMULATION_SEEDS sets how many (default 2,500), and
// WEFT_SIMULATION_FIRST_SEED where they begin; a failure names its seed.
#include "scheduler/simulation/simulator.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace weft {
namespace {

uint64_t number_from_environment(const char* name, uint64_t fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::strtoull(value, nullptr, 10) : fallback;
}

TEST(Simulator, RandomTracesKeepEveryInvariant) {
  const uint64_t first = number_from_environment("WEFT_SIMULATION_FIRST_SEED", 1);
  const uint64_t num_seeds = number_from_environment("WEFT_SIMULATION_SEEDS", 2500);
  SimulationReport sum;
  for (uint64_t seed = first; seed < first + num_seeds; ++seed) {
    Result<SimulationReport> report = simulate(random_setup(seed), seed);
    ASSERT_TRUE(report) << "seed " << seed << ": " << report.error().message;
    sum.num_requests += report->num_requests;
    sum.num_refused += report->num_refused;
    sum.num_cancelled += report->num_cancelled;
    sum.num_failed += report->num_failed;
    sum.num_whole += report->num_whole;
    sum.num_evictions += report->num_evictions;
    sum.counters.steps += report->counters.steps;
    sum.counters.preemptions += report->counters.preemptions;
    sum.counters.protections += report->counters.protections;
    sum.counters.prefix_hits_tokens += report->counters.prefix_hits_tokens;
    sum.counters.recomputed_tokens += report->counters.recomputed_tokens;
    sum.counters.surplus_tokens += report->counters.surplus_tokens;
    sum.counters.stalled_rows += report->counters.stalled_rows;
  }
  std::printf(
      "%lu seeds: %ld steps, %ld requests (%ld refused), %ld whole, %ld cancelled, %ld failed choices; "
      "%ld preemptions (%ld protected), %ld recomputed, %ld cached, %ld surplus tokens, %ld stalled rows, %ld "
      "evictions\n",
      num_seeds, sum.counters.steps, sum.num_requests, sum.num_refused, sum.num_whole, sum.num_cancelled,
      sum.num_failed, sum.counters.preemptions, sum.counters.protections, sum.counters.recomputed_tokens,
      sum.counters.prefix_hits_tokens, sum.counters.surplus_tokens, sum.counters.stalled_rows, sum.num_evictions);
  // The traces must reach the places that they are there to test.
  const auto seeds = static_cast<int64_t>(num_seeds);
  EXPECT_GT(sum.num_whole, 4 * seeds);
  EXPECT_GT(sum.num_cancelled, seeds / 4);
  EXPECT_GT(sum.num_failed, seeds / 4);
  EXPECT_GT(sum.counters.preemptions, seeds / 2);
  EXPECT_GT(sum.counters.protections, seeds / 200);
  EXPECT_GT(sum.counters.prefix_hits_tokens, 20 * seeds);
  EXPECT_GT(sum.counters.surplus_tokens, seeds / 4);
  EXPECT_GT(sum.num_evictions, 2 * seeds);
}

TEST(Simulator, EqualSeedsGiveEqualTraces) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const SimulationSetup setup = random_setup(seed);
    Result<SimulationReport> once = simulate(setup, seed);
    Result<SimulationReport> again = simulate(setup, seed);
    Result<SimulationReport> other = simulate(setup, seed + 1'000'000);
    ASSERT_TRUE(once && again && other);
    EXPECT_EQ(once->trace, again->trace);
    EXPECT_NE(once->trace, other->trace);
  }
}

// The recompute tax at twice the demand that the cache can hold (reliability.md section 3, preemption storm).
TEST(Simulator, PreemptionStaysCheapAtTwiceTheDemand) {
  int64_t recomputed = 0;
  int64_t computed = 0;
  int64_t preemptions = 0;
  int64_t sequences = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimulationSetup setup;
    setup.config = {.max_num_seqs = 32, .max_num_batched_tokens = 128, .enable_prefix_caching = false};
    setup.spec.groups = {{.kind = CacheGroupKind::kFull, .num_layers = 1}};
    setup.pages_per_group = {32 * 8 / 2};  // a request takes 8 pages on average
    setup.num_requests = 200;
    setup.max_prompt = 120;
    setup.max_output = 120;
    setup.arrival_chance = 1;
    setup.cancel_chance = setup.deadline_chance = 0;
    setup.may_fail = setup.may_stop = false;
    Result<SimulationReport> report = simulate(setup, seed);
    ASSERT_TRUE(report) << "seed " << seed << ": " << report.error().message;
    recomputed += report->counters.recomputed_tokens;
    computed += report->counters.prompt_tokens_computed + report->counters.output_tokens;
    preemptions += report->counters.preemptions;
    sequences += report->num_whole;
  }
  std::printf("recomputed %.1f %% of %ld tokens; %.2f preemptions per choice\n",
              100.0 * static_cast<double>(recomputed) / static_cast<double>(computed), computed,
              static_cast<double>(preemptions) / static_cast<double>(sequences));
  EXPECT_GT(preemptions, 0);
  EXPECT_LT(4 * recomputed, computed);
}

}  // namespace
}  // namespace weft
