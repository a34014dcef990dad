// The loop with the real scheduler and the stub executor, whose output has an oracle.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "base/rng.h"
#include "executor/stub_executor.h"

namespace weft {
namespace {

constexpr int32_t kVocab = 97;
const ModelLimits kLimits{.vocab_size = kVocab, .max_model_len = 4096, .eos_token_ids = {1}};

StubExecutorConfig stub_config(int32_t num_pages = 64, int32_t max_steps_in_flight = 1) {
  return {.cache_spec = {{{.kind = CacheGroupKind::kFull, .num_layers = 2},
                          {.kind = CacheGroupKind::kWindow, .window = 24, .num_layers = 3}},
                         "layout",
                         "model"},
          .num_pages = {num_pages, num_pages},
          .vocab_size = kVocab,
          .max_steps_in_flight = max_steps_in_flight};
}

ValidatedRequest valid(RequestDraft draft) {
  auto request = ValidatedRequest::make(std::move(draft), kLimits);
  CHECK(request.has_value());
  return *request;
}

std::vector<TokenId> random_prompt(Rng& rng, size_t length) {
  std::vector<TokenId> prompt(length);
  for (TokenId& token : prompt) token = static_cast<TokenId>(2 + rng.below(kVocab - 2));
  return prompt;
}

// Collects what the engine sends, and checks its order as it comes (I8).
class Recorder {
 public:
  struct Choice {
    std::vector<TokenId> tokens;
    FinishReason finish = FinishReason::kNone;
  };
  struct Answer {
    std::map<int32_t, Choice> choices;
    std::optional<Error> error;
  };

  void record(const std::vector<TokenEvent>& events) {
    std::lock_guard lock(mutex_);
    for (const TokenEvent& event : events) {
      Answer& answer = answers_[event.request];
      EXPECT_FALSE(answer.error) << "event after an error";
      if (event.error) {
        answer.error = event.error;
        continue;
      }
      Choice& choice = answer.choices[event.choice];
      EXPECT_EQ(choice.finish, FinishReason::kNone) << "event after a terminal one";
      if (event.token) choice.tokens.push_back(event.token->token);
      choice.finish = event.finish;
    }
  }
  void clear() {
    std::lock_guard lock(mutex_);
    answers_.clear();
  }
  std::map<RequestId, Answer> answers() {
    std::lock_guard lock(mutex_);
    return answers_;
  }

 private:
  std::mutex mutex_;
  std::map<RequestId, Answer> answers_;
};

class EngineTest : public testing::Test {
 protected:
  void make(StubExecutorConfig stub, SchedulerConfig scheduler = {.max_num_seqs = 8, .max_num_batched_tokens = 64},
            int num_mask_threads = 0) {
    EngineListener listener{.on_events = [this](std::vector<TokenEvent> events) { recorder_.record(events); },
                            .on_failure = [this](const Error& error) { failures_.push_back(error); }};
    auto engine = Engine::make({.scheduler = scheduler, .vocab_size = kVocab, .num_mask_threads = num_mask_threads},
                               std::make_unique<StubExecutor>(std::move(stub)), clock_, std::move(listener));
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = *std::move(engine);
  }
  void run_dry() {
    for (int i = 0; engine_->step(); ++i) ASSERT_LT(i, 100'000);
  }
  void expect_idle() {
    SchedulerStats stats = engine_->stats().scheduler;
    EXPECT_EQ(stats.num_running + stats.num_waiting, 0);
    for (const CacheGroupStats& group : stats.groups) EXPECT_EQ(group.num_in_use, 0);
    EXPECT_EQ(engine_->health().num_requests, 0u);
  }
  void expect_oracle(RequestId id, const ValidatedRequest& request) {
    auto answer = recorder_.answers()[id];
    EXPECT_FALSE(answer.error) << answer.error->message;
    ASSERT_EQ(answer.choices.size(), static_cast<size_t>(request->n));
    for (auto& [index, choice] : answer.choices) {
      std::vector<TokenId> expected = StubExecutor::expected_tokens(request, index, kVocab);
      EXPECT_EQ(choice.tokens, expected) << "request " << id << ", choice " << index;
      bool stopped = request.is_stop_token(expected.back());
      EXPECT_EQ(choice.finish, stopped ? FinishReason::kStop : FinishReason::kLength);
    }
  }

  SteadyClock clock_;
  Recorder recorder_;
  std::vector<Error> failures_;
  std::unique_ptr<Engine> engine_;
};

// I16 for the loop: whatever the batch, chunking, preemptions, prefix hits and steps in flight, the tokens are those
// that the request gets alone.
TEST_F(EngineTest, AnswersEqualTheOracleInAnyMix) {
  for (int32_t in_flight : {1, 2, 3}) {
    for (int32_t pages : {14, 200}) {  // 14: preemptions
      Rng rng(static_cast<uint64_t>(in_flight * 1000 + pages));
      recorder_.clear();
      make(stub_config(pages, in_flight), {.max_num_seqs = 6, .max_num_batched_tokens = 32});
      std::map<RequestId, ValidatedRequest> requests;
      std::vector<TokenId> common = random_prompt(rng, 40);
      for (RequestId id = 1; id <= 60; ++id) {
        RequestDraft draft{.prompt = random_prompt(rng, 1 + rng.below(60))};
        if (rng.chance(0.4)) draft.prompt.insert(draft.prompt.begin(), common.begin(), common.end());
        draft.n = static_cast<int32_t>(1 + rng.below(3));
        draft.max_tokens = static_cast<int32_t>(1 + rng.below(50));
        draft.ignore_eos = rng.chance(0.3);
        draft.sampling.seed = rng.next();
        requests.emplace(id, valid(draft));
        ASSERT_TRUE(engine_->submit(id, requests.at(id)));
        for (uint64_t i = rng.below(6); i > 0; --i) engine_->step();
      }
      run_dry();
      for (const auto& [id, request] : requests) expect_oracle(id, request);
      expect_idle();
      if (pages == 14) {
        EXPECT_GT(engine_->stats().scheduler.counters.preemptions, 0);
      }
      EXPECT_GT(engine_->stats().scheduler.counters.prefix_hits_tokens, 0);
    }
  }
}

TEST_F(EngineTest, CancelIsLegalInEveryState) {
  for (int32_t in_flight : {1, 2}) {
    make(stub_config(30, in_flight));
    recorder_.clear();
    Rng rng(5);
    engine_->cancel(77);  // unknown
    RequestId next = 1;
    for (int round = 0; round < 400; ++round) {
      if (rng.chance(0.5)) {
        RequestDraft draft{.prompt = random_prompt(rng, 1 + rng.below(100)), .n = 2, .max_tokens = 40};
        draft.sampling.seed = rng.next();
        if (engine_->submit(next, valid(draft))) ++next;
      }
      if (rng.chance(0.5)) engine_->cancel(1 + rng.below(next + 2));
      if (rng.chance(0.5)) engine_->cancel_choice(1 + rng.below(next + 2), static_cast<int32_t>(rng.below(4)) - 1);
      if (rng.chance(0.7)) engine_->step();
    }
    run_dry();
    auto answers = recorder_.answers();
    EXPECT_EQ(answers.size(), next - 1);
    for (auto& [id, answer] : answers) {
      if (answer.error) continue;
      for (auto& [index, choice] : answer.choices) EXPECT_NE(choice.finish, FinishReason::kNone) << id;
    }
    expect_idle();
  }
}

TEST_F(EngineTest, RefusesWhatCanNeverFit) {
  make(stub_config(4));
  ASSERT_TRUE(engine_->submit(1, valid({.prompt = std::vector<TokenId>(100, 5), .max_tokens = 10})));
  run_dry();
  ASSERT_TRUE(recorder_.answers()[1].error);
  EXPECT_EQ(recorder_.answers()[1].error->code, ErrorCode::kContextLengthExceeded);
  expect_idle();
}

TEST_F(EngineTest, BadNumbersEndOneRequestOnly) {
  StubExecutorConfig stub = stub_config();
  stub.poison_token = 50;
  stub.poison_after = 3;
  make(stub);
  ValidatedRequest good = valid({.prompt = {3, 4}, .max_tokens = 20, .ignore_eos = true});
  ASSERT_TRUE(engine_->submit(1, good));
  ASSERT_TRUE(engine_->submit(2, valid({.prompt = {3, 50}, .max_tokens = 20, .ignore_eos = true})));
  run_dry();
  expect_oracle(1, good);
  auto answers = recorder_.answers();
  ASSERT_TRUE(answers[2].error);
  EXPECT_EQ(answers[2].error->code, ErrorCode::kNumericError);
  EXPECT_EQ(answers[2].choices[0].tokens.size(), 3u);
  EXPECT_EQ(engine_->health().state, EngineState::kOk);
}

// I26: whatever fails, everyone is told, once, and nobody new is let in.
TEST_F(EngineTest, DeviceFailureEndsEverything) {
  for (bool throws : {false, true}) {
    for (int32_t in_flight : {1, 2}) {
      StubExecutorConfig stub = stub_config(64, in_flight);
      (throws ? stub.throw_at_step : stub.fail_at_step) = 5;
      recorder_.clear();
      failures_.clear();
      make(stub);
      for (RequestId id = 1; id <= 10; ++id) {
        ASSERT_TRUE(engine_->submit(id, valid({.prompt = {3, 4}, .n = 2, .max_tokens = 50, .ignore_eos = true})));
      }
      engine_->start();
      engine_->wait_until_empty();
      engine_->stop();  // joins: failures_ is safe to read
      EXPECT_EQ(engine_->health().state, EngineState::kFailed);
      Status refused = engine_->submit(99, valid({.prompt = {3}}));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, ErrorCode::kInternalError);
      auto answers = recorder_.answers();
      EXPECT_EQ(answers.size(), 10u);
      for (auto& [id, answer] : answers) EXPECT_TRUE(answer.error) << id;
      EXPECT_EQ(failures_.size(), 1u);
    }
  }
}

TEST_F(EngineTest, DrainLetsRunningFinishAndEndsTheRestAtTheDeadline) {
  make(stub_config());
  ValidatedRequest shorter = valid({.prompt = {3, 4}, .max_tokens = 5});
  ASSERT_TRUE(engine_->submit(1, shorter));
  engine_->step();
  engine_->drain(clock_.now() + 3600 * kNanosPerSecond);
  EXPECT_EQ(engine_->health().state, EngineState::kDraining);
  Status refused = engine_->submit(2, shorter);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDraining);
  run_dry();
  expect_oracle(1, shorter);

  make(stub_config());
  ASSERT_TRUE(engine_->submit(3, valid({.prompt = {3, 4}, .max_tokens = 900, .ignore_eos = true})));
  engine_->step();
  engine_->drain(clock_.now());
  run_dry();
  ASSERT_TRUE(recorder_.answers()[3].error);
  EXPECT_EQ(recorder_.answers()[3].error->code, ErrorCode::kDraining);
  expect_idle();
}

TEST_F(EngineTest, StopEndsWhatIsLeft) {
  StubExecutorConfig stub = stub_config();
  stub.step_time = 1'000'000;
  make(stub);
  engine_->start();
  for (RequestId id = 1; id <= 20; ++id) {
    ASSERT_TRUE(engine_->submit(id, valid({.prompt = {3, 4}, .max_tokens = 900, .ignore_eos = true})));
  }
  engine_->stop();
  auto answers = recorder_.answers();
  EXPECT_EQ(answers.size(), 20u);
  for (auto& [id, answer] : answers) EXPECT_TRUE(answer.error) << id;
  EXPECT_EQ(engine_->health().num_requests, 0u);
}

TEST_F(EngineTest, DeadlineEndsARequest) {
  make(stub_config());
  ASSERT_TRUE(engine_->submit(1, valid({.prompt = {3}, .max_tokens = 900, .deadline = clock_.now()})));
  run_dry();
  ASSERT_TRUE(recorder_.answers()[1].error);
  EXPECT_EQ(recorder_.answers()[1].error->code, ErrorCode::kDeadlineExceeded);
}

TEST_F(EngineTest, TheMailboxIsBounded) {
  make(stub_config(), {.max_num_seqs = 2, .max_num_batched_tokens = 64, .max_waiting_requests = 3});
  for (RequestId id = 1; id <= 5; ++id) EXPECT_TRUE(engine_->submit(id, valid({.prompt = {3}})));
  Status refused = engine_->submit(6, valid({.prompt = {3}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kQueueFull);
  run_dry();
  EXPECT_TRUE(engine_->submit(7, valid({.prompt = {3}})));
}

TEST_F(EngineTest, HealthTellsAHangFromIdleness) {
  ManualClock clock;
  auto engine = Engine::make({.scheduler = {.max_num_seqs = 8, .max_num_batched_tokens = 64}, .vocab_size = kVocab},
                             std::make_unique<StubExecutor>(stub_config()), clock, {});
  ASSERT_TRUE(engine);
  clock.advance(1000 * kNanosPerSecond);
  EXPECT_FALSE((*engine)->health().stalled(clock.now(), kNanosPerSecond));  // idle
  ASSERT_TRUE((*engine)->submit(1, valid({.prompt = {3}, .max_tokens = 5, .ignore_eos = true})));
  EXPECT_FALSE((*engine)->health().stalled(clock.now(), kNanosPerSecond));  // just came
  clock.advance(2 * kNanosPerSecond);
  EXPECT_TRUE((*engine)->health().stalled(clock.now(), kNanosPerSecond));
  (*engine)->step();
  EXPECT_FALSE((*engine)->health().stalled(clock.now(), kNanosPerSecond));
}

// A toy grammar: tokens rise by at most 3; 96 has no successor.
class Rising final : public TokenConstraint {
  class State final : public ConstraintState {
   public:
    std::unique_ptr<ConstraintState> clone() const override { return std::make_unique<State>(*this); }
    Status fill_mask(std::span<uint32_t> mask) override {
      if (last_ == kVocab - 1) return make_error(ErrorCode::kInternalError, "no legal token");
      for (TokenId t = last_ + 1; t <= last_ + 3 && t < kVocab; ++t) {
        mask[static_cast<size_t>(t) / 32] |= 1u << (t % 32);
      }
      return {};
    }
    Status accept(TokenId token) override {
      if (token <= last_ || token > last_ + 3) return make_error(ErrorCode::kInternalError, "illegal");
      last_ = token;
      return {};
    }

   private:
    TokenId last_ = 1;
  };

 public:
  std::unique_ptr<ConstraintState> start() const override { return std::make_unique<State>(); }
};

TEST_F(EngineTest, GrammarMasksHoldAlsoWithStepsInFlightAndPreemptions) {
  for (auto [in_flight, mask_threads] : {std::pair{1, 0}, {2, 0}, {1, 2}, {2, 2}}) {
    recorder_.clear();
    make(stub_config(8, in_flight), {.max_num_seqs = 8, .max_num_batched_tokens = 64}, mask_threads);
    for (RequestId id = 1; id <= 8; ++id) {
      RequestDraft draft{.prompt = {static_cast<TokenId>(id + 1)}, .n = 2, .max_tokens = id % 2 == 0 ? 20 : 100};
      draft.constraint = std::make_shared<Rising>();
      draft.sampling.seed = id;
      ASSERT_TRUE(engine_->submit(id, valid(draft)));
    }
    run_dry();
    for (auto& [id, answer] : recorder_.answers()) {
      // 100 rising tokens do not fit below 97: those requests run into the end of the grammar (I21).
      EXPECT_EQ(answer.error.has_value(), id % 2 == 1) << id;
      if (answer.error) {
        EXPECT_EQ(answer.error->code, ErrorCode::kNoLegalToken);
      }
      for (auto& [index, choice] : answer.choices) {
        TokenId last = 1;
        for (TokenId token : choice.tokens) {
          EXPECT_TRUE(token > last && token <= last + 3);
          last = token;
        }
      }
    }
    expect_idle();
  }
}

TEST_F(EngineTest, ManyThreadsSubmitAndCancel) {
  make(stub_config(100), {.max_num_seqs = 16, .max_num_batched_tokens = 128});
  engine_->start();
  std::vector<std::map<RequestId, ValidatedRequest>> sent(4);
  std::vector<std::set<RequestId>> cancelled(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Rng rng(t);
      for (RequestId i = 0; i < 100; ++i) {
        RequestId id = i * 4 + t + 1;
        RequestDraft draft{.prompt = random_prompt(rng, 1 + rng.below(50)), .max_tokens = 30};
        draft.sampling.seed = rng.next();
        ValidatedRequest request = valid(draft);
        ASSERT_TRUE(engine_->submit(id, request));
        sent[t].emplace(id, request);
        if (rng.chance(0.3)) {
          engine_->cancel(id);
          cancelled[t].insert(id);
        }
        if (rng.chance(0.1)) (void)engine_->stats();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  engine_->wait_until_empty();
  auto answers = recorder_.answers();
  EXPECT_EQ(answers.size(), 400u);
  for (size_t t = 0; t < 4; ++t) {
    for (auto& [id, request] : sent[t]) {
      if (answers[id].choices[0].finish == FinishReason::kAbort) {
        EXPECT_TRUE(cancelled[t].contains(id));
      } else {
        expect_oracle(id, request);
      }
    }
  }
  engine_->stop();
  expect_idle();
}

}  // namespace
}  // namespace weft
