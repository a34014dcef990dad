// The scheduler's rules one by one, on small cases worked out by hand. simulator_test.cc tests what they add up to.
#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <numeric>

namespace weft {
namespace {

const CacheSpec kSpec{{CacheGroup{.kind = CacheGroupKind::kFull, .num_layers = 1}}, "layout", "model"};
const ModelLimits kLimits{.vocab_size = 1'000'000, .max_model_len = 100'000, .eos_token_ids = {2}};

std::vector<TokenId> prompt(TokenId first, int32_t num) {
  std::vector<TokenId> tokens(static_cast<size_t>(num));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

RequestDraft draft(std::vector<TokenId> tokens, int32_t max_tokens) {
  RequestDraft d;
  d.prompt = std::move(tokens);
  d.max_tokens = max_tokens;
  return d;
}

class SchedulerTest : public testing::Test {
 protected:
  void make(SchedulerConfig config, int32_t num_pages) {
    scheduler_ = std::make_unique<Scheduler>(config, kSpec, std::vector<int32_t>{num_pages}, clock_);
  }
  Status admit(RequestId id, RequestDraft d) {
    auto request = ValidatedRequest::make(std::move(d), kLimits);
    CHECK(request);
    return scheduler_->admit(id, *request);
  }
  // Plans a step; false when there is none. Its result will sample `token` in every row that samples.
  bool plan() {
    StepPlan plan;
    if (!scheduler_->plan(plan)) return false;
    plans_.push_back(std::move(plan));
    return true;
  }
  std::vector<TokenEvent> commit(TokenId token, int failed_item = -1) {
    const StepPlan plan = plans_[num_committed_++];
    StepResult result{.step = plan.step};
    for (size_t i = 0; i < plan.items.size(); ++i) {
      ItemResult item{.sequence = plan.items[i].sequence};
      item.failed = static_cast<int>(i) == failed_item;
      if (plan.items[i].samples && !item.failed) item.tokens.push_back({.token = token});
      result.items.push_back(item);
    }
    std::vector<TokenEvent> events;
    scheduler_->commit(result, events);
    Status status = scheduler_->check_integrity();
    EXPECT_TRUE(status) << status.error().message;
    return events;
  }
  std::vector<TokenEvent> step(TokenId token) {
    EXPECT_TRUE(plan());
    return commit(token);
  }
  const StepPlan& last() const { return plans_.back(); }
  int32_t num_in_use() const { return scheduler_->stats().groups[0].num_in_use; }

  ManualClock clock_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<StepPlan> plans_;
  size_t num_committed_ = 0;
};

TEST_F(SchedulerTest, ChunksAPromptAndDecodesToTheLimit) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 24}, 8);
  ASSERT_TRUE(admit(7, draft(prompt(100, 40), 3)));
  EXPECT_TRUE(step(5).empty());
  EXPECT_EQ(last().row_starts.size(), 1u);
  EXPECT_EQ(last().items[0].num_new_tokens, 24);
  EXPECT_FALSE(last().items[0].samples);
  auto events = step(50);
  EXPECT_EQ(last().items[0].start_position, 24);
  EXPECT_EQ(last().token_ids, prompt(124, 16));
  EXPECT_TRUE(last().items[0].samples);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].token->token, 50);
  EXPECT_EQ(step(51)[0].finish, FinishReason::kNone);
  EXPECT_EQ(last().token_ids, std::vector<TokenId>{50});
  EXPECT_FALSE(last().items[0].is_prefill);
  EXPECT_EQ(step(52)[0].finish, FinishReason::kLength);
  EXPECT_FALSE(plan());
  EXPECT_FALSE(scheduler_->has_requests());
  EXPECT_EQ(num_in_use(), 0);
}

TEST_F(SchedulerTest, StopTokensEndASequenceButNotBeforeMinTokens) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 24}, 8);
  RequestDraft d = draft(prompt(100, 4), 9);
  d.min_tokens = 2;
  ASSERT_TRUE(admit(1, d));
  EXPECT_EQ(step(2)[0].finish, FinishReason::kNone);
  EXPECT_EQ(step(9)[0].finish, FinishReason::kNone);
  auto events = step(2);
  EXPECT_EQ(events[0].finish, FinishReason::kStop);
  EXPECT_EQ(events[0].token->token, 2);
}

TEST_F(SchedulerTest, DecodesGoFirstAndShareTheStepWithPrefills) {
  make({.max_num_seqs = 4, .max_num_batched_tokens = 32}, 32);
  ASSERT_TRUE(admit(1, draft(prompt(100, 4), 9)));
  step(5);
  ASSERT_TRUE(admit(2, draft(prompt(1000, 100), 2)));
  ASSERT_TRUE(admit(3, draft(prompt(2000, 10), 2)));
  step(5);
  ASSERT_EQ(last().items.size(), 3u);
  EXPECT_EQ(last().items[0].num_new_tokens, 1);
  EXPECT_EQ(last().items[2].num_new_tokens, 10);  // the short prompt isn't kept waiting by the long one
  EXPECT_EQ(last().items[1].num_new_tokens, 21);  // which has the rest
  EXPECT_EQ(last().token_ids.size(), 32u);
}

TEST_F(SchedulerTest, PrefixHitSkipsWhatWasComputed) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 64}, 8);
  ASSERT_TRUE(admit(1, draft(prompt(100, 48), 1)));
  step(5);
  ASSERT_TRUE(admit(2, draft(prompt(100, 48), 1)));
  auto events = step(5);
  EXPECT_EQ(last().items[0].start_position, 32);  // never the whole prompt
  EXPECT_EQ(events[0].num_cached_tokens, 32);
  RequestDraft d = draft(prompt(100, 48), 1);
  d.prompt_logprobs = true;
  ASSERT_TRUE(admit(3, d));
  step(5);
  EXPECT_EQ(last().items[0].start_position, 0);
}

TEST_F(SchedulerTest, ChoicesWaitForTheFirstOnesPrompt) {
  make({.max_num_seqs = 4, .max_num_batched_tokens = 64}, 16);
  RequestDraft d = draft(prompt(100, 40), 3);
  d.n = 3;
  ASSERT_TRUE(admit(1, d));
  step(5);
  EXPECT_EQ(last().items.size(), 1u);
  step(5);
  ASSERT_EQ(last().items.size(), 3u);
  EXPECT_EQ(last().items[1].start_position, 32);
  EXPECT_EQ(last().groups[0].block_table[0], last().groups[0].block_table[last().groups[0].stride]);
}

TEST_F(SchedulerTest, PreemptsTheLastAndRecomputesItWithItsOutput) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 64, .enable_prefix_caching = false}, 4);
  ASSERT_TRUE(admit(1, draft(prompt(100, 15), 40)));
  ASSERT_TRUE(admit(2, draft(prompt(200, 15), 40)));
  int32_t num_steps = 0;
  while (scheduler_->stats().counters.preemptions == 0) {
    ASSERT_LT(++num_steps, 40);
    step(5);
  }
  EXPECT_EQ(last().freed_rows, std::vector<int32_t>{1});
  while (last().row_starts.empty()) step(5);
  const RowStart& start = last().row_starts[0];
  EXPECT_EQ(start.sequence, 2u);
  EXPECT_EQ(start.row, 0);  // the first sequence has ended by then
  EXPECT_EQ(start.output_ids, std::vector<TokenId>(start.output_ids.size(), 5));
  EXPECT_GT(start.output_ids.size(), 10u);
  while (scheduler_->has_requests()) step(5);
  EXPECT_EQ(scheduler_->stats().counters.output_tokens, 80);
}

TEST_F(SchedulerTest, GuaranteedNoEvictWaitsInstead) {
  make({.max_num_seqs = 2,
        .max_num_batched_tokens = 64,
        .enable_prefix_caching = false,
        .capacity_policy = CapacityPolicy::kGuaranteedNoEvict},
       4);
  ASSERT_TRUE(admit(1, draft(prompt(100, 15), 40)));
  ASSERT_TRUE(admit(2, draft(prompt(200, 15), 40)));
  while (scheduler_->has_requests()) {
    step(5);
    EXPECT_EQ(last().items.size(), 1u);
  }
  EXPECT_EQ(scheduler_->stats().counters.preemptions, 0);
}

TEST_F(SchedulerTest, RefusesWhatCanNeverFitAndWhatIsTooMuch) {
  make({.max_num_seqs = 1, .max_num_batched_tokens = 64, .max_waiting_requests = 2, .max_waiting_prompt_tokens = 50},
       4);
  EXPECT_EQ(admit(1, draft(prompt(100, 60), 6)).error().code, ErrorCode::kContextLengthExceeded);
  EXPECT_TRUE(admit(2, draft(prompt(100, 60), 5)));  // alone, so let in for all its length
  EXPECT_EQ(admit(3, draft(prompt(100, 1), 5)).error().code, ErrorCode::kQueueFull);
  step(5);
  EXPECT_TRUE(admit(4, draft(prompt(100, 10), 5)));
  EXPECT_TRUE(admit(5, draft(prompt(100, 10), 5)));
  EXPECT_EQ(admit(6, draft(prompt(100, 10), 5)).error().code, ErrorCode::kQueueFull);
}

TEST_F(SchedulerTest, CancelIsLegalAnywhereAndEndsOnce) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 32}, 8);
  scheduler_->cancel(99);
  ASSERT_TRUE(admit(1, draft(prompt(100, 40), 40)));
  ASSERT_TRUE(admit(2, draft(prompt(200, 4), 40)));
  ASSERT_TRUE(admit(3, draft(prompt(300, 4), 40)));
  scheduler_->cancel(3);
  scheduler_->cancel(3);
  std::vector<TokenEvent> events;
  scheduler_->take_events(events);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].finish, FinishReason::kAbort);
  ASSERT_TRUE(plan());
  scheduler_->cancel(1);  // in flight: its pages stay until the commit
  EXPECT_GT(num_in_use(), 1);
  events = commit(5);
  EXPECT_EQ(events.size(), 2u);
  EXPECT_EQ(num_in_use(), 1);
  EXPECT_EQ(scheduler_->stats().num_running, 1);
}

TEST_F(SchedulerTest, OneChoiceIsCancelledAndTheOthersGoOn) {
  make({.max_num_seqs = 4, .max_num_batched_tokens = 32}, 16);
  RequestDraft request = draft(prompt(100, 4), 40);
  request.n = 3;
  ASSERT_TRUE(admit(1, request));
  scheduler_->cancel_choice(1, 3);
  scheduler_->cancel_choice(1, -1);
  scheduler_->cancel_choice(2, 0);
  ASSERT_TRUE(plan());
  scheduler_->cancel_choice(1, 1);  // in flight
  scheduler_->cancel_choice(1, 1);
  std::vector<TokenEvent> events = commit(5);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const TokenEvent& e) { return e.finish == FinishReason::kAbort && e.choice == 1; }),
            1);
  EXPECT_EQ(scheduler_->stats().num_running, 2);
  scheduler_->cancel_choice(1, 0);
  scheduler_->cancel_choice(1, 2);
  EXPECT_FALSE(scheduler_->has_requests());
  EXPECT_EQ(num_in_use(), 0);
}

TEST_F(SchedulerTest, TwoStepsInFlightDropTheSurplusRow) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 32, .max_steps_in_flight = 2}, 8);
  ASSERT_TRUE(admit(1, draft(prompt(100, 4), 40)));
  ASSERT_TRUE(plan());
  ASSERT_TRUE(plan());
  EXPECT_FALSE(plan());
  EXPECT_EQ(last().token_ids, std::vector<TokenId>{kPromisedToken});
  EXPECT_EQ(commit(2)[0].finish, FinishReason::kStop);
  EXPECT_EQ(num_in_use(), 1);
  EXPECT_TRUE(commit(9).empty());
  EXPECT_EQ(num_in_use(), 0);
  EXPECT_FALSE(scheduler_->has_requests());
}

TEST_F(SchedulerTest, TwoStepsInFlightDoNotRunPastMaxTokens) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 32, .max_steps_in_flight = 2}, 8);
  ASSERT_TRUE(admit(1, draft(prompt(100, 4), 2)));
  ASSERT_TRUE(plan());
  ASSERT_TRUE(plan());
  commit(5);
  EXPECT_FALSE(plan());
  EXPECT_EQ(commit(6)[0].finish, FinishReason::kLength);
}

TEST_F(SchedulerTest, AFailedRowEndsItsRequestAloneAndIsNotPublished) {
  make({.max_num_seqs = 4, .max_num_batched_tokens = 64}, 16);
  ASSERT_TRUE(admit(1, draft(prompt(100, 20), 4)));
  ASSERT_TRUE(admit(2, draft(prompt(200, 20), 4)));
  ASSERT_TRUE(plan());
  auto events = commit(5, 0);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].request, 1u);
  EXPECT_EQ(events[0].error->code, ErrorCode::kNumericError);
  EXPECT_EQ(events[1].token->token, 5);
  EXPECT_EQ(scheduler_->stats().groups[0].num_evictable, 0);
  ASSERT_TRUE(admit(3, draft(prompt(100, 20), 4)));
  EXPECT_EQ(step(5).back().num_cached_tokens, 0);
}

TEST_F(SchedulerTest, DeadlinesEndRequestsWaitingAndRunning) {
  make({.max_num_seqs = 1, .max_num_batched_tokens = 64}, 16);
  RequestDraft d = draft(prompt(100, 20), 4);
  d.deadline = 10;
  ASSERT_TRUE(admit(1, d));
  ASSERT_TRUE(admit(2, d));
  step(5);
  clock_.advance(10);
  EXPECT_FALSE(plan());
  std::vector<TokenEvent> events;
  scheduler_->take_events(events);
  ASSERT_EQ(events.size(), 2u);
  for (const TokenEvent& event : events) EXPECT_EQ(event.error->code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(num_in_use(), 0);
}

TEST_F(SchedulerTest, ALostDeviceEndsEverything) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 32, .max_steps_in_flight = 2}, 8);
  for (RequestId id = 1; id <= 3; ++id) ASSERT_TRUE(admit(id, draft(prompt(100, 4), 40)));
  ASSERT_TRUE(plan());
  ASSERT_TRUE(plan());
  scheduler_->cancel(1);
  scheduler_->fail_all(make_error(ErrorCode::kInternalError, "The device is lost."));
  std::vector<TokenEvent> events;
  scheduler_->take_events(events);
  EXPECT_EQ(events.size(), 3u);
  EXPECT_FALSE(scheduler_->has_requests());
  EXPECT_EQ(num_in_use(), 0);
  EXPECT_EQ(scheduler_->num_steps_in_flight(), 0u);
  EXPECT_TRUE(scheduler_->check_integrity());
}

TEST_F(SchedulerTest, PromptLogprobsAreSentOnce) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 8}, 8);
  RequestDraft d = draft(prompt(100, 12), 2);
  d.prompt_logprobs = true;
  ASSERT_TRUE(admit(1, d));
  std::vector<TokenId> sent;
  while (plan()) {
    const StepItem& item = last().items[0];
    StepResult result{.step = last().step};
    ItemResult row{.sequence = item.sequence};
    if (item.samples) row.tokens.push_back({.token = 5});
    const int32_t end = std::min(12, item.start_position + item.num_new_tokens + 1);
    for (int32_t p = item.start_position + 1; p < end; ++p) row.prompt_logprobs.push_back({.token = 100 + p});
    result.items.push_back(row);
    std::vector<TokenEvent> events;
    scheduler_->commit(result, events);
    for (const TokenEvent& event : events) {
      for (const SampledToken& token : event.prompt_logprobs) sent.push_back(token.token);
    }
  }
  EXPECT_EQ(sent, prompt(101, 11));
}

TEST(SchedulerConfigTest, RefusesWhatMakesNoSense) {
  EXPECT_TRUE(SchedulerConfig{}.validate());
  EXPECT_FALSE((SchedulerConfig{.max_num_seqs = 0}.validate()));
  EXPECT_FALSE((SchedulerConfig{.max_num_seqs = 64, .max_num_batched_tokens = 63}.validate()));
  EXPECT_FALSE((SchedulerConfig{.max_steps_in_flight = 0}.validate()));
  EXPECT_FALSE((SchedulerConfig{.max_waiting_requests = 0}.validate()));
}

}  // namespace
}  // namespace weft
