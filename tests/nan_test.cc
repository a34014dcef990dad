// I20: what is not a finite number ends its own request with an error, reaches no other request, and is never found in
// the prefix cache. The model is a tiny one with a NaN planted in the embedding of one token.
#include <gtest/gtest.h>

#include <limits>

#include "base/test_data.h"
#include "engine_harness.h"
#include "model_copy.h"

namespace weft {
namespace {

constexpr TokenId kPoison = 77;
constexpr int32_t kHidden = 64;
constexpr int32_t kPromptTokens = 50;  // of the poisoned prompt: in several chunks and pages

std::vector<TokenId> random_prompt(uint64_t seed, int32_t count) {
  Rng rng(seed);
  std::vector<TokenId> prompt;
  for (int32_t i = 0; i < count; ++i) prompt.push_back(static_cast<TokenId>(100 + rng.below(200)));
  return prompt;
}

ValidatedRequest make_request(std::vector<TokenId> prompt, std::vector<std::pair<TokenId, float>> bias = {}) {
  RequestDraft draft{.prompt = std::move(prompt),
                     .sampling = {.temperature = 0.8f, .logit_bias = std::move(bias), .seed = 5, .num_logprobs = 2},
                     .max_tokens = 20,
                     .ignore_eos = true};
  if (draft.sampling.logit_bias.empty()) draft.sampling.logit_bias = {{kPoison, -100.0f}};
  auto request = ValidatedRequest::make(draft, {.vocab_size = 320, .max_model_len = 256});
  CHECK(request.has_value());
  return *std::move(request);
}

class NanTest : public testing::Test {
 protected:
  NanTest() : copy_(source_path("testdata/tiny_llama")) {
    float nan = std::numeric_limits<float>::quiet_NaN();
    copy_.patch("model.embed_tokens.weight", sizeof(float) * (kPoison * kHidden + 5),
                {reinterpret_cast<const char*>(&nan), sizeof nan});
    auto runtime = ModelRuntime::load(copy_.path().string(), 1, "auto");
    CHECK(runtime.has_value());
    runtime_ = *std::move(runtime);
  }

  static ValidatedRequest poisoned_request() {
    std::vector<TokenId> prompt = random_prompt(1, kPromptTokens);
    prompt[20] = kPoison;
    return make_request(std::move(prompt));
  }
  void expect_as_alone(const ValidatedRequest& request, const Answer& answer) {
    Answers alone = run_alone(*runtime_.model, *runtime_.pool, request, {.num_pages = {16}});
    ASSERT_FALSE(answer.error) << answer.error->message;
    ASSERT_EQ(answer.tokens.size(), 20U);
    EXPECT_EQ(bits_of(answer.tokens), bits_of(alone.at({1, 0}).tokens));
  }
  static void expect_numeric_error(const Answer& answer) {
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.error->code, ErrorCode::kNumericError) << answer.error->message;
  }

  ModelCopy copy_;
  ModelRuntime runtime_;
};

TEST_F(NanTest, NeighboursInTheBatchKeepTheirBits) {
  for (Isa isa : available_isas()) {
    for (int32_t steps_in_flight : {1, 2}) {
      SCOPED_TRACE(fmt::format("isa {} steps in flight {}", isa_name(isa), steps_in_flight));
      EngineHarness harness(*runtime_.model, *runtime_.pool,
                            {.isa = isa,
                             .max_num_seqs = 8,
                             .max_num_batched_tokens = 32,
                             .prefix_caching = true,
                             .steps_in_flight = steps_in_flight,
                             .num_pages = {64}});
      std::vector<ValidatedRequest> neighbours;
      for (uint64_t i = 0; i < 5; ++i) {
        neighbours.push_back(make_request(random_prompt(10 + i, 5 + 9 * static_cast<int32_t>(i))));
      }
      for (size_t i = 0; i < 3; ++i) harness.submit(i, neighbours[i]);
      harness.step();
      harness.submit(100, poisoned_request());
      for (size_t i = 3; i < 5; ++i) harness.submit(i, neighbours[i]);
      const Answers& answers = harness.run();
      expect_numeric_error(answers.at({100, 0}));
      EXPECT_TRUE(answers.at({100, 0}).tokens.empty());
      for (size_t i = 0; i < 5; ++i) expect_as_alone(neighbours[i], answers.at({i, 0}));
    }
  }
}

TEST_F(NanTest, PoisonedPagesAreNeverHit) {
  EngineHarness harness(*runtime_.model, *runtime_.pool,
                        {.max_num_seqs = 4, .max_num_batched_tokens = 32, .prefix_caching = true, .num_pages = {64}});
  harness.submit(1, poisoned_request());
  expect_numeric_error(harness.run().at({1, 0}));
  EXPECT_EQ(harness.stats().groups[0].num_evictable, 0) << "pages of the failed request were published";
  harness.submit(2, poisoned_request());
  expect_numeric_error(harness.run().at({2, 0}));
  EXPECT_EQ(harness.stats().counters.prefix_hits_tokens, 0);

  // The cache does work: a sound prompt is found.
  ValidatedRequest sound = make_request(random_prompt(3, kPromptTokens));
  harness.submit(3, sound);
  harness.run();
  harness.submit(4, sound);
  const Answers& answers = harness.run();
  EXPECT_EQ(harness.stats().counters.prefix_hits_tokens, kPromptTokens / kPageTokens * kPageTokens);
  expect_as_alone(sound, answers.at({4, 0}));
}

TEST_F(NanTest, ReusedPagesDoNotLeak) {
  // Five pages: whoever comes next lives in the memory of the failed request, and leaves the ends of pages unwritten.
  for (int32_t count : {1, 15, 16, 17, 33}) {
    EngineHarness harness(*runtime_.model, *runtime_.pool,
                          {.max_num_seqs = 2, .max_num_batched_tokens = 64, .num_pages = {5}});
    harness.submit(1, poisoned_request());
    expect_numeric_error(harness.run().at({1, 0}));
    ValidatedRequest next = make_request(random_prompt(static_cast<uint64_t>(count), count));
    harness.submit(2, next);
    expect_as_alone(next, harness.run().at({2, 0}));
  }
}

TEST_F(NanTest, ASampledPoisonEndsTheRequestAfterwards) {
  EngineHarness harness(*runtime_.model, *runtime_.pool,
                        {.max_num_seqs = 4, .max_num_batched_tokens = 64, .prefix_caching = true, .num_pages = {64}});
  ValidatedRequest neighbour = make_request(random_prompt(4, 30));
  harness.submit(1, make_request(random_prompt(5, 30), {{kPoison, 100.0f}}));
  harness.submit(2, neighbour);
  const Answers& answers = harness.run();
  EXPECT_EQ(answers.at({1, 0}).ids(), std::vector<TokenId>{kPoison});
  expect_numeric_error(answers.at({1, 0}));
  expect_as_alone(neighbour, answers.at({2, 0}));
}

}  // namespace
}  // namespace weft
