// Time to sample one row at the largest vocabulary in use (262,144).
#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "sampling/sampler.h"

namespace weft {
namespace {

void sample_rows(benchmark::State& state, SamplingParams params) {
  constexpr int32_t kVocab = 262'144;
  Rng rng(1);
  std::vector<float> logits(kVocab);
  for (float& logit : logits) logit = static_cast<float>(8 * (rng.unit() + rng.unit() + rng.unit() - 1.5));
  auto request = ValidatedRequest::make({.prompt = {0}, .sampling = params, .max_tokens = 16},
                                        {.vocab_size = kVocab, .max_model_len = 100});
  SamplerRow row;
  start_row(row, {.request = *request});
  Sampler sampler;
  std::vector<float> scratch;
  for (auto _ : state) {
    scratch.assign(logits.begin(), logits.end());
    benchmark::DoNotOptimize(sampler.sample(scratch, nullptr, row));
  }
}

BENCHMARK_CAPTURE(sample_rows, greedy, {.temperature = 0})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sample_rows, plain, {})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sample_rows, top_k, {.top_k = 50})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sample_rows, top_p, {.top_p = 0.9f})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sample_rows, usual, {.temperature = 0.7f, .top_p = 0.8f, .top_k = 20})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sample_rows, logprobs, {.temperature = 0, .num_logprobs = 20})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft
