// Requests through the real engine, scheduler and model executor on the calling thread, with every setting chosen by
// the test. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "engine/engine.h"
#include "executor/model_executor.h"
#include "repository/model_runtime.h"

namespace weft {

struct HarnessConfig {
  Isa isa = detect_isa();
  int32_t max_num_seqs = 1;
  int32_t max_num_batched_tokens = 512;
  bool prefix_caching = false;
  int32_t steps_in_flight = 1;
  std::vector<int32_t> num_pages;  // of each cache group; the last one also stands for all that follow
};

// What one choice of a request got.
struct Answer {
  std::vector<SampledToken> tokens;
  std::vector<SampledToken> prompt_logprobs;
  FinishReason finish = FinishReason::kNone;
  std::optional<Error> error;
  int32_t num_cached_tokens = 0;

  std::vector<TokenId> ids() const {
    std::vector<TokenId> out;
    for (const SampledToken& token : tokens) out.push_back(token.token);
    return out;
  }
};

// By (request, choice). An error of a request stands in its choice 0.
using Answers = std::map<std::pair<RequestId, int32_t>, Answer>;

class EngineHarness {
 public:
  // Borrows the pool; shares the model.
  EngineHarness(const LoadedModel& model, ComputePool& pool, const HarnessConfig& config) {
    CacheSpec spec = ModelRunner::make_cache_spec(model.decoder->config, model.files.identity());
    std::vector<int32_t> pages = config.num_pages;
    pages.resize(spec.groups.size(), pages.back());
    auto runner = ModelRunner::create(*model.architecture, model.decoder, std::move(spec), std::move(pages),
                                      config.max_num_batched_tokens, pool, config.isa);
    CHECK(runner.has_value());
    auto executor = make_model_executor(
        *std::move(runner), {.max_rows = config.max_num_seqs, .max_steps_in_flight = config.steps_in_flight});
    EngineConfig engine_config;
    engine_config.scheduler.max_num_seqs = config.max_num_seqs;
    engine_config.scheduler.max_num_batched_tokens = config.max_num_batched_tokens;
    engine_config.scheduler.enable_prefix_caching = config.prefix_caching;
    engine_config.vocab_size = model.decoder->config.vocab_size;
    auto engine = Engine::make(engine_config, std::move(executor), clock_,
                               {.on_events = [this](std::vector<TokenEvent> events) { take(events); },
                                .on_failure = [](const Error& error) { FAIL() << error.message; }});
    CHECK(engine.has_value());
    engine_ = *std::move(engine);
  }

  void submit(RequestId id, const ValidatedRequest& request) {
    Status status = engine_->submit(id, request);
    ASSERT_TRUE(status) << status.error().message;
  }
  void cancel(RequestId id) { engine_->cancel(id); }
  bool step() { return engine_->step(); }
  const Answers& run() {
    while (engine_->step()) {
    }
    return answers_;
  }
  const Answers& answers() const { return answers_; }
  SchedulerStats stats() const { return engine_->stats().scheduler; }

 private:
  void take(std::vector<TokenEvent>& events) {
    for (TokenEvent& event : events) {
      Answer& answer = answers_[{event.request, event.choice}];
      EXPECT_TRUE(answer.finish == FinishReason::kNone && !answer.error) << "event after the last";
      if (event.token) answer.tokens.push_back(std::move(*event.token));
      std::move(event.prompt_logprobs.begin(), event.prompt_logprobs.end(), std::back_inserter(answer.prompt_logprobs));
      answer.num_cached_tokens += event.num_cached_tokens;
      answer.finish = event.finish;
      answer.error = event.error;
    }
  }

  SteadyClock clock_;
  Answers answers_;
  std::unique_ptr<Engine> engine_;
};

// One request in an engine of its own.
inline Answers run_alone(const LoadedModel& model, ComputePool& pool, const ValidatedRequest& request,
                         HarnessConfig config) {
  EngineHarness harness(model, pool, config);
  harness.submit(1, request);
  return harness.run();
}

inline std::string token_text(const SampledToken& token) {
  std::string text = fmt::format("{}:{:08x}:{}", token.token, std::bit_cast<uint32_t>(token.logprob), token.rank);
  for (const TokenLogprob& top : token.top) {
    text += fmt::format(" {}:{:08x}", top.token, std::bit_cast<uint32_t>(top.logprob));
  }
  return text;
}

// Every id, rank and log-probability as text, floats by their bits: what must not depend on the company.
inline std::vector<std::string> bits_of(const std::vector<SampledToken>& tokens) {
  std::vector<std::string> out;
  for (const SampledToken& token : tokens) out.push_back(token_text(token));
  return out;
}

}  // namespace weft
