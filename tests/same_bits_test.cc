// I16: a request gets the same tokens and the same bits of every log-probability alone and in any company: batch sizes,
// chunk sizes, prefix cache, preemption, steps in flight, threads, instruction sets, neighbours that are cancelled.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/test_data.h"
#include "engine_harness.h"

namespace weft {
namespace {

constexpr int32_t kMaxPrompt = 120, kMaxOutput = 40;  // tokens
constexpr int32_t kMaxModelLen = 256;

// Thirty-six rounds meet every batch size on every instruction set; the other settings are drawn.
HarnessConfig config_of(uint64_t round, int32_t max_prompt, size_t num_groups) {
  constexpr std::array<int32_t, 6> kSeqs = {1, 2, 3, 7, 16, 32};
  constexpr std::array<int32_t, 5> kBudgets = {32, 47, 96, 200, 512};
  const auto isas = available_isas();
  Rng rng(round + 5000);
  HarnessConfig config;
  config.max_num_seqs = kSeqs[(round + round / kSeqs.size()) % kSeqs.size()];
  config.isa = isas[round % isas.size()];
  config.max_num_batched_tokens = kBudgets[round % kBudgets.size()];
  config.prefix_caching = rng.chance(0.5);
  config.steps_in_flight = static_cast<int32_t>(1 + rng.below(2));
  // Little more than the longest request needs, so that others are preempted, or room for all.
  auto tight = static_cast<int32_t>((max_prompt + kMaxOutput) / kPageTokens + 1 + rng.below(2));
  config.num_pages = {rng.chance(0.6) ? tight : 12 * config.max_num_seqs};
  if (num_groups > 1) config.num_pages.push_back(config.num_pages[0] + 512 / kPageTokens);
  return config;
}

std::string describe(const HarnessConfig& config, int threads) {
  return fmt::format(
      "isa {} threads {} max_num_seqs {} max_num_batched_tokens {} prefix_caching {} steps_in_flight {} pages {}",
      isa_name(config.isa), threads, config.max_num_seqs, config.max_num_batched_tokens, config.prefix_caching,
      config.steps_in_flight, fmt::join(config.num_pages, ","));
}

SamplingParams random_sampling(Rng& rng, int32_t vocab_size) {
  SamplingParams sampling;
  sampling.temperature = rng.chance(0.4) ? 0.0f : static_cast<float>(0.3 + rng.unit());
  sampling.seed = rng.next();
  sampling.num_logprobs = static_cast<int32_t>(rng.below(4));
  if (rng.chance(0.3)) sampling.top_k = static_cast<int32_t>(1 + rng.below(50));
  if (rng.chance(0.3)) sampling.top_p = static_cast<float>(0.5 + rng.unit() / 2);
  if (rng.chance(0.2)) sampling.min_p = static_cast<float>(rng.unit() / 10);
  if (rng.chance(0.2)) sampling.repetition_penalty = 1.3f;
  if (rng.chance(0.2)) sampling.presence_penalty = 0.5f;
  if (rng.chance(0.2)) sampling.frequency_penalty = 0.5f;
  if (rng.chance(0.2)) sampling.logit_bias = {{static_cast<TokenId>(rng.below(vocab_size)), 4.0f}};
  return sampling;
}

// Random requests; some begin with one of a few common texts, so that pages are shared.
class RequestSource {
 public:
  RequestSource(uint64_t seed, int32_t vocab_size, int32_t max_prompt) : rng_(seed), max_prompt_(max_prompt) {
    limits_ = {.vocab_size = vocab_size, .max_model_len = kMaxModelLen, .eos_token_ids = {1, 2}};
    for (auto& prefix : prefixes_) prefix = random_tokens(max_prompt_ / 2);
  }

  ValidatedRequest next(int32_t max_output = kMaxOutput) {
    RequestDraft draft;
    if (rng_.chance(0.5)) draft.prompt = prefixes_[rng_.below(prefixes_.size())];
    auto room = static_cast<uint64_t>(max_prompt_) - draft.prompt.size();
    for (TokenId token : random_tokens(1 + rng_.below(room))) draft.prompt.push_back(token);
    draft.sampling = random_sampling(rng_, limits_.vocab_size);
    draft.max_tokens = static_cast<int32_t>(1 + rng_.below(static_cast<uint64_t>(max_output)));
    draft.n = rng_.chance(0.2) ? 2 : 1;
    draft.ignore_eos = rng_.chance(0.5);
    draft.prompt_logprobs = rng_.chance(0.15);
    if (rng_.chance(0.1)) draft.cache_salt = "another tenant";
    if (rng_.chance(0.2)) draft.stop_token_ids = {static_cast<TokenId>(rng_.below(limits_.vocab_size))};
    auto request = ValidatedRequest::make(std::move(draft), limits_);
    CHECK(request.has_value());
    return *std::move(request);
  }

 private:
  std::vector<TokenId> random_tokens(uint64_t count) {
    std::vector<TokenId> out(count);
    for (TokenId& token : out) token = static_cast<TokenId>(3 + rng_.below(limits_.vocab_size - 3));
    return out;
  }

  Rng rng_;
  int32_t max_prompt_;
  ModelLimits limits_;
  std::array<std::vector<TokenId>, 3> prefixes_;
};

// What happened on the way: a test that met no preemption has not tested it.
struct Coverage {
  int64_t preemptions = 0, cached_tokens = 0, compared_tokens = 0, cancelled = 0, chunked = 0;
};

// The first difference; the whole answers would fill pages.
void expect_equal(const std::vector<std::string>& found, const std::vector<std::string>& expected,
                  std::string_view what) {
  for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    ASSERT_EQ(found[i], expected[i]) << what << " " << i;
  }
  ASSERT_EQ(found.size(), expected.size()) << what << "s";
}

void expect_same(const Answer& alone, const Answer& answer, bool cancelled, Coverage& coverage) {
  ASSERT_FALSE(answer.error) << answer.error->message;
  EXPECT_GT(alone.tokens.size(), 0U);
  auto expected = bits_of(alone.tokens), found = bits_of(answer.tokens);
  coverage.compared_tokens += static_cast<int64_t>(found.size());
  coverage.cached_tokens += answer.num_cached_tokens;
  if (answer.finish == FinishReason::kAbort) {
    EXPECT_TRUE(cancelled);
    ASSERT_LE(found.size(), expected.size());
    expected.resize(found.size());
    expect_equal(found, expected, "output");
    return;
  }
  expect_equal(found, expected, "output");
  expect_equal(bits_of(answer.prompt_logprobs), bits_of(alone.prompt_logprobs), "prompt log-probability");
  EXPECT_EQ(answer.finish, alone.finish);
}

class Comparison {
 public:
  explicit Comparison(const std::string& model) {
    auto runtime = ModelRuntime::load(model, 1, "auto", kMaxModelLen);
    CHECK(runtime.has_value());
    runtime_ = *std::move(runtime);
  }

  // One random set of requests under the settings of `round`.
  void run_round(uint64_t round, size_t num_requests) {
    const LoadedModel& model = *runtime_.model;
    const ModelConfig& shape = model.decoder->config;
    // Short prompts leave the growth of outputs to run out of pages: most preemptions.
    const int32_t max_prompt = round % 2 == 0 ? kMaxPrompt : kMaxPrompt / 4;
    HarnessConfig config = config_of(round, max_prompt, shape.cache_windows.size());
    ComputePool& pool = round / 4 % 2 == 0 ? *runtime_.pool : two_threads_;
    SCOPED_TRACE(fmt::format("round {}: {}", round, describe(config, pool.num_threads())));

    RequestSource source(round, std::min(shape.vocab_size, model.tokenizer->vocab_size()), max_prompt);
    std::vector<ValidatedRequest> requests;
    for (size_t i = 0; i < num_requests; ++i) requests.push_back(source.next());
    std::vector<bool> cancelled(num_requests);
    EngineHarness harness(model, pool, config);
    Rng rng(round + 1000);
    for (size_t i = 0; i < num_requests; ++i) {
      harness.submit(i, requests[i]);
      for (uint64_t steps = rng.below(4); steps > 0; --steps) harness.step();
      size_t victim = rng.below(i + 1);
      if (!rng.chance(0.1)) continue;
      harness.cancel(victim);
      cancelled[victim] = true;
      ++coverage.cancelled;
    }
    const Answers& answers = harness.run();
    coverage.preemptions += harness.stats().counters.preemptions;
    for (size_t i = 0; i < num_requests; ++i) {
      coverage.chunked += static_cast<int32_t>(requests[i]->prompt.size()) > config.max_num_batched_tokens;
      // Alone: the whole prompt in one step, all the pages it wants, this machine's best instruction set, one thread.
      Answers alone = run_alone(model, *runtime_.pool, requests[i], {.num_pages = {2 * kMaxModelLen / kPageTokens}});
      for (int32_t choice = 0; choice < requests[i]->n; ++choice) {
        SCOPED_TRACE(fmt::format("request {} choice {} prompt {} tokens", i, choice, requests[i]->prompt.size()));
        expect_same(alone.at({1, choice}), answers.at({i, choice}), cancelled[i], coverage);
      }
    }
  }

  Coverage coverage;

 private:
  ModelRuntime runtime_;
  ComputePool two_threads_{2};
};

// More sets than in every run of the tests: WEFT_SAME_BITS_ROUNDS=1000.
uint64_t num_rounds(uint64_t usual) {
  return std::stoull(environment_or("WEFT_SAME_BITS_ROUNDS", std::to_string(usual)));
}

void compare_rounds(Comparison& comparison, uint64_t rounds) {
  for (uint64_t round = 0; round < rounds; ++round) {
    comparison.run_round(round, 4 + round * 5 % 17);
    if (testing::Test::HasFailure()) return;  // the first configuration that fails says enough
  }
  EXPECT_GT(comparison.coverage.preemptions, 20);
  EXPECT_GT(comparison.coverage.cached_tokens, 1000);
  EXPECT_GT(comparison.coverage.chunked, 20);
  EXPECT_GT(comparison.coverage.cancelled, 20);
  EXPECT_GT(comparison.coverage.compared_tokens, 2000);
}

TEST(SameBitsTest, Stories) {
  Comparison comparison(source_path("testdata/stories260K.gguf").string());
  compare_rounds(comparison, num_rounds(36));
}

TEST(SameBitsTest, GemmaWithTwoCacheGroups) {
  Comparison comparison(source_path("testdata/tiny_gemma3").string());
  compare_rounds(comparison, num_rounds(36));
}

// The demo model has real sizes: more than one block of every kernel, and its weights are quantised.
TEST(SameBitsTest, DemoModelInABatchOfEight) {
  const auto path = model_path("SmolLM2-135M-Instruct.Q4_1.gguf");
  REQUIRE_DATA(path);
  auto runtime = ModelRuntime::load(path.string(), 2, "auto", kMaxModelLen);
  ASSERT_TRUE(runtime) << runtime.error().message;
  const LoadedModel& model = *runtime->model;
  RequestSource source(1, model.decoder->config.vocab_size, 40);
  std::vector<ValidatedRequest> requests;
  for (int i = 0; i < 8; ++i) requests.push_back(source.next(6));
  Coverage coverage;
  std::vector<Answers> alone;
  for (const ValidatedRequest& request : requests) {
    alone.push_back(run_alone(model, *runtime->pool, request, {.num_pages = {12}}));
  }
  for (Isa isa : available_isas()) {
    if (isa == Isa::kScalar && isa != detect_isa()) continue;  // takes minutes
    HarnessConfig config{.isa = isa, .max_num_seqs = 8, .max_num_batched_tokens = 48, .num_pages = {96}};
    SCOPED_TRACE(describe(config, 2));
    EngineHarness harness(model, *runtime->pool, config);
    for (size_t i = 0; i < requests.size(); ++i) harness.submit(i, requests[i]);
    const Answers& answers = harness.run();
    for (size_t i = 0; i < requests.size(); ++i) {
      for (int32_t choice = 0; choice < requests[i]->n; ++choice) {
        SCOPED_TRACE(fmt::format("request {} choice {}", i, choice));
        expect_same(alone[i].at({1, choice}), answers.at({i, choice}), false, coverage);
      }
    }
  }
  EXPECT_GT(coverage.compared_tokens, 20);
}

}  // namespace
}  // namespace weft
