#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/rng.h"
#include "sampling/sampler.h"
#include "sampling/select.h"
#include "sampling/softmax.h"

namespace weft {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

ValidatedRequest request_of(RequestDraft draft, int32_t vocab_size) {
  if (draft.prompt.empty()) draft.prompt = {0};
  auto request = ValidatedRequest::make(std::move(draft), {.vocab_size = vocab_size,
                                                           .max_model_len = 1'000'000,
                                                           .max_n_times_max_tokens = 1'000'000,
                                                           .eos_token_ids = {1}});
  CHECK(request.has_value());
  return *request;
}

SamplerRow row_of(RequestDraft draft, int32_t vocab_size, int32_t choice = 0, std::vector<TokenId> outputs = {}) {
  SamplerRow row;
  start_row(row, {.request = request_of(std::move(draft), vocab_size), .choice = choice, .output_ids = outputs});
  return row;
}

std::vector<float> random_logits(Rng& rng, size_t size, double spread) {
  std::vector<float> logits(size);
  for (float& logit : logits) logit = static_cast<float>(spread * (rng.unit() + rng.unit() + rng.unit() - 1.5));
  return logits;
}

// The definition, by sorting everything in double precision: exact probabilities of all tokens.
std::vector<double> exact_probabilities(const std::vector<float>& logits, const SamplingParams& params) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  std::vector<double> p(logits.size(), 0);
  double max = logits[order[0]];
  size_t kept = params.top_k > 0 ? std::min<size_t>(order.size(), static_cast<size_t>(params.top_k)) : order.size();
  double sum = 0;
  for (size_t i = 0; i < kept; ++i) {
    double weight = std::exp((logits[order[i]] - max) / params.temperature);
    if (weight < params.min_p) continue;
    p[order[i]] = weight;
    sum += weight;
  }
  double mass = 0;
  double kept_mass = 0;
  for (size_t i : order) {
    if (mass >= params.top_p * sum) p[i] = 0;
    mass += p[i];
    kept_mass += p[i];
  }
  for (double& value : p) value /= kept_mass;
  return p;
}

TEST(Softmax, ExpIsWithinTwoUlp) {
  for (double x = 0; x > -87; x -= 0.00137) {
    auto argument = static_cast<float>(x);
    double exact = std::exp(static_cast<double>(argument));
    EXPECT_NEAR(exp_nonpositive(argument) / exact, 1.0, 2.0 * 0x1p-23) << x;
  }
  EXPECT_EQ(exp_nonpositive(0), 1.0f);
  EXPECT_EQ(exp_nonpositive(-1000), 0.0f);
  EXPECT_EQ(exp_nonpositive(-kInfinity), 0.0f);
}

TEST(Softmax, FiniteMaxFindsEveryBadValueAtEveryPlace) {
  for (size_t size : {1, 15, 16, 17, 100}) {
    std::vector<float> logits(size, -3.0f);
    logits[size / 2] = -kInfinity;
    if (size > 1) {
      EXPECT_EQ(finite_max(logits), -3.0f);
    }
    for (float bad : {kNan, -kNan, kInfinity}) {
      for (size_t i = 0; i < size; ++i) {
        std::vector<float> spoiled = logits;
        spoiled[i] = bad;
        EXPECT_FALSE(finite_max(spoiled)) << size << " " << i << " " << bad;
      }
    }
    EXPECT_FALSE(finite_max(std::vector<float>(size, -kInfinity)));
  }
}

TEST(Selector, TopKEqualsASort) {
  Rng rng(1);
  Selector selector;
  for (int round = 0; round < 300; ++round) {
    std::vector<float> values(1 + rng.below(3000));
    uint64_t distinct = 1 + rng.below(round % 2 == 0 ? 5 : 100'000);  // few distinct values: many ties
    for (float& value : values) value = static_cast<float>(rng.below(distinct));
    size_t k = 1 + rng.below(values.size() + 3);
    std::vector<int32_t> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
    });
    order.resize(std::min(k, order.size()));
    auto top = selector.top_k(values, k);
    EXPECT_EQ(std::vector<int32_t>(top.begin(), top.end()), order);
    EXPECT_EQ(argmax(values), order[0]);
  }
}

TEST(Selector, TopPKeepsTheSmallestSufficientHead) {
  Rng rng(2);
  Selector selector;
  for (int round = 0; round < 300; ++round) {
    std::vector<float> weights(1 + rng.below(2000));
    for (float& weight : weights) weight = std::exp(-static_cast<float>(rng.below(round % 2 == 0 ? 4 : 1000)) / 32.0f);
    double sum = ordered_sum(weights);
    double top_p = 0.01 + 0.98 * rng.unit();
    std::vector<float> kept = weights;
    selector.keep_top_p(kept, sum, top_p);
    double mass = 0;
    float least = 2;
    size_t last = 0;
    for (size_t i = 0; i < kept.size(); ++i) {
      if (kept[i] == 0) continue;
      EXPECT_EQ(kept[i], weights[i]);
      mass += kept[i];
      if (kept[i] <= least) last = i;
      least = std::min(least, kept[i]);
    }
    EXPECT_GE(mass, top_p * sum * (1 - 1e-9));
    EXPECT_LT(mass - least, top_p * sum * (1 + 1e-9));
    for (size_t i = 0; i < kept.size(); ++i) {  // nothing better than what is kept was dropped
      if (kept[i] == 0) {
        EXPECT_TRUE(weights[i] < least || (weights[i] == least && i > last));
      }
    }
  }
}

struct DistributionCase {
  const char* name;
  SamplingParams params;
};

// Chi-square against the exact probabilities, and no token outside their support. Seeds are fixed, so the statistic is
// a constant of the code; the bound is the 99.99 % quantile (Wilson and Hilferty's approximation).
TEST(Sampler, DrawsFromTheExactDistribution) {
  const DistributionCase cases[] = {
      {"plain", {.seed = 11}},
      {"cold", {.temperature = 0.5f, .seed = 12}},
      {"hot", {.temperature = 1.9f, .seed = 13}},
      {"top_k", {.top_k = 7, .seed = 14}},
      {"top_p", {.top_p = 0.7f, .seed = 15}},
      {"min_p", {.min_p = 0.2f, .seed = 16}},
      {"all", {.temperature = 1.3f, .top_p = 0.8f, .top_k = 12, .min_p = 0.02f, .seed = 17}},
  };
  Rng rng(3);
  for (const DistributionCase& c : cases) {
    for (size_t vocab : {40, 9000}) {  // 9000: several blocks of the inverse distribution function
      std::vector<float> logits = random_logits(rng, vocab, 4.0);
      std::vector<double> exact = exact_probabilities(logits, c.params);
      SamplerRow row = row_of({.sampling = c.params, .max_tokens = 100'000}, static_cast<int32_t>(vocab));
      Sampler sampler;
      std::vector<int> counts(vocab, 0);
      const int kDraws = vocab == 40 ? 20'000 : 3'000;
      std::vector<float> scratch;
      for (int i = 0; i < kDraws; ++i) {
        scratch = logits;
        SampleOutcome outcome = sampler.sample(scratch, nullptr, row);
        ASSERT_FALSE(outcome.failed);
        ++counts[static_cast<size_t>(outcome.token.token)];
      }
      double statistic = 0;
      double rest_expected = 0;
      double rest_seen = 0;
      int degrees = -1;
      for (size_t i = 0; i < vocab; ++i) {
        double expected = exact[i] * kDraws;
        if (expected == 0) {
          EXPECT_EQ(counts[i], 0) << c.name << ": token " << i << " is outside the support";
        } else if (expected < 10) {
          rest_expected += expected;
          rest_seen += counts[i];
        } else {
          statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
          ++degrees;
        }
      }
      if (rest_expected > 0) {
        statistic += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
        ++degrees;
      }
      double d = std::max(1, degrees);
      double bound = d * std::pow(1 - 2 / (9 * d) + 3.72 * std::sqrt(2 / (9 * d)), 3);
      EXPECT_LT(statistic, bound) << c.name << ", vocabulary " << vocab << ", degrees " << degrees;
    }
  }
}

TEST(Sampler, GreedyTakesTheLowestIdOfEquals) {
  SamplerRow row = row_of({.sampling = {.temperature = 0}}, 100);
  Sampler sampler;
  std::vector<float> logits(100, 0.0f);
  logits[70] = logits[40] = 2;
  EXPECT_EQ(sampler.sample(logits, nullptr, row).token.token, 40);
  SamplerRow one = row_of({.sampling = {.top_k = 1}}, 100);
  EXPECT_EQ(sampler.sample(logits, nullptr, one).token.token, 40);  // top_k 1 is greedy
  SamplerRow nearly_zero = row_of({.sampling = {.temperature = 1e-30f}}, 100);
  EXPECT_EQ(sampler.sample(logits, nullptr, nearly_zero).token.token, 40);
}

// I16: the token is a function of (logits, parameters, seed, position) only.
TEST(Sampler, RepeatsAfterAPreemptionAndBesideOthers) {
  Rng rng(4);
  std::vector<std::vector<float>> steps;
  for (int i = 0; i < 30; ++i) steps.push_back(random_logits(rng, 500, 3.0));
  RequestDraft draft{.prompt = {3, 4, 3},
                     .sampling = {.top_p = 0.95f, .repetition_penalty = 1.2f, .presence_penalty = 0.5f, .seed = 99},
                     .max_tokens = 30};
  Sampler sampler;
  SamplerRow row = row_of(draft, 500);
  std::vector<TokenId> alone;
  for (auto logits : steps) alone.push_back(sampler.sample(logits, nullptr, row).token.token);

  SamplerRow first = row_of(draft, 500);
  SamplerRow other = row_of({.sampling = {.seed = 5}, .max_tokens = 100}, 500);
  std::vector<TokenId> mixed;
  for (size_t i = 0; i < 12; ++i) {
    auto logits = steps[i];
    mixed.push_back(sampler.sample(logits, nullptr, first).token.token);
    logits = steps[29 - i];
    sampler.sample(logits, nullptr, other);
  }
  Sampler fresh;
  SamplerRow resumed = row_of(draft, 500, 0, mixed);
  for (size_t i = 12; i < steps.size(); ++i) {
    auto logits = steps[i];
    mixed.push_back(fresh.sample(logits, nullptr, resumed).token.token);
  }
  EXPECT_EQ(mixed, alone);
}

TEST(Sampler, ChoicesDrawFromOwnStreams) {
  std::vector<std::vector<TokenId>> choices;
  for (int32_t choice = 0; choice < 3; ++choice) {
    SamplerRow row = row_of({.sampling = {.seed = 7}, .n = 3, .max_tokens = 50}, 1000, choice);
    Sampler sampler;
    choices.emplace_back();
    for (int i = 0; i < 50; ++i) {
      std::vector<float> logits(1000, 0.0f);
      choices.back().push_back(sampler.sample(logits, nullptr, row).token.token);
    }
  }
  EXPECT_NE(choices[0], choices[1]);
  EXPECT_NE(choices[1], choices[2]);
  std::set<uint64_t> seeds;
  for (int32_t choice = 0; choice < 128; ++choice) {
    for (uint64_t seed = 0; seed < 100; ++seed) seeds.insert(choice_seed(seed, choice));
  }
  EXPECT_EQ(seeds.size(), 12'800u);
}

TEST(Sampler, PenaltiesByHand) {
  RequestDraft draft{.prompt = {2, 2, 3},
                     .sampling = {.repetition_penalty = 2.0f,
                                  .presence_penalty = 0.25f,
                                  .frequency_penalty = 0.5f,
                                  .logit_bias = {{3, 1.0f}, {5, -4.0f}}},
                     .max_tokens = 10};
  SamplerRow row = row_of(draft, 8, 0, {4, 4, 3});
  std::vector<float> logits{1, 1, 1, 1, -1, 6, 0, -2};
  edit_logits(row, row.num_outputs >= (*row.request)->min_tokens, logits);
  EXPECT_FLOAT_EQ(logits[0], 1);                        // never seen
  EXPECT_FLOAT_EQ(logits[2], 0.5f);                     // prompt only: 1 / 2
  EXPECT_FLOAT_EQ(logits[3], 2.0f / 2 - 0.5f - 0.25f);  // bias first: (1 + 1) / 2, once in the output
  EXPECT_FLOAT_EQ(logits[4], -2.0f - 1.0f - 0.25f);     // -1 * 2, twice in the output
  EXPECT_FLOAT_EQ(logits[5], 2);
  EXPECT_FLOAT_EQ(logits[7], -2);
}

TEST(Sampler, PresenceAloneIgnoresThePrompt) {
  SamplerRow row = row_of({.prompt = {2}, .sampling = {.presence_penalty = 2.0f}}, 4);
  std::vector<float> logits{0, 0, 1, 0};
  edit_logits(row, row.num_outputs >= (*row.request)->min_tokens, logits);
  EXPECT_FLOAT_EQ(logits[2], 1);
  row.add_output(2);
  edit_logits(row, row.num_outputs >= (*row.request)->min_tokens, logits);
  EXPECT_FLOAT_EQ(logits[2], -1);
}

TEST(Sampler, MinTokensForbidsEveryStopToken) {
  RequestDraft draft{.sampling = {.temperature = 0}, .max_tokens = 10, .min_tokens = 2, .stop_token_ids = {5}};
  SamplerRow row = row_of(draft, 8);
  Sampler sampler;
  std::vector<TokenId> tokens;
  for (int i = 0; i < 3; ++i) {
    std::vector<float> logits{0, 9, 0, 3, 0, 8, 0, 0};  // 1 is end of sequence
    tokens.push_back(sampler.sample(logits, nullptr, row).token.token);
  }
  EXPECT_EQ(tokens, (std::vector<TokenId>{3, 3, 1}));
}

TEST(Sampler, MaskedTokensAreNeverSampled) {
  Sampler sampler;
  for (float temperature : {0.0f, 2.0f}) {
    SamplerRow row = row_of({.sampling = {.temperature = temperature, .num_logprobs = 5}, .max_tokens = 500}, 70);
    for (int i = 0; i < 200; ++i) {
      std::vector<float> logits(70, 5.0f);
      logits[33] = logits[69] = 0;
      const uint32_t mask[3] = {0, 2, 32};
      SampledToken token = sampler.sample(logits, mask, row).token;
      EXPECT_TRUE(token.token == 33 || token.token == 69);
      EXPECT_NEAR(token.logprob, std::log(0.5), 1e-6);  // of the masked logits, as in vLLM
      EXPECT_EQ(token.top.size(), 2u);
    }
  }
}

TEST(Sampler, AFinishedGrammarEndsBeforeMinTokens) {
  Sampler sampler;
  SamplerRow row = row_of({.max_tokens = 500, .min_tokens = 10}, 40);  // 1 is end of sequence
  const uint32_t both[2] = {6, 0}, end_only[2] = {2, 0};
  std::vector<float> logits(40, 0.0f);
  logits[1] = 9;
  EXPECT_EQ(sampler.sample(logits, both, row).token.token, 2);
  logits.assign(40, 0.0f);
  EXPECT_EQ(sampler.sample(logits, end_only, row).token.token, 1);
}

TEST(Sampler, ReportsFailuresAndWhy) {
  Sampler sampler;
  SamplerRow row = row_of({}, 40);
  for (float bad : {kNan, kInfinity}) {
    std::vector<float> logits(40, 0.0f);
    logits[39] = bad;
    SampleOutcome outcome = sampler.sample(logits, nullptr, row);
    EXPECT_TRUE(outcome.failed);
    EXPECT_FALSE(outcome.no_legal_token);
  }
  std::vector<float> nothing(40, -kInfinity);
  EXPECT_TRUE(sampler.sample(nothing, nullptr, row).failed);
  std::vector<float> logits(40, 0.0f);
  const uint32_t mask[2] = {0, 0};
  SampleOutcome outcome = sampler.sample(logits, mask, row);
  EXPECT_TRUE(outcome.failed);
  EXPECT_TRUE(outcome.no_legal_token);
  EXPECT_EQ(row.num_outputs, 0);
}

TEST(Sampler, LogprobsAreOfTheRawLogits) {
  Rng rng(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<float> logits = random_logits(rng, 300, 6.0);
    logits[17] = logits[18];  // a tie
    SamplerRow row = row_of({.prompt = {5},
                             .sampling = {.temperature = 1.7f,
                                          .repetition_penalty = 1.5f,
                                          .logit_bias = {{9, 50.0f}},
                                          .seed = rng.next(),
                                          .num_logprobs = 4}},
                            300);
    Sampler sampler;
    std::vector<float> scratch = logits;
    SampledToken token = sampler.sample(scratch, nullptr, row).token;
    double sum = 0;
    for (float logit : logits) sum += std::exp(static_cast<double>(logit));
    auto exact = [&](TokenId id) { return logits[static_cast<size_t>(id)] - std::log(sum); };
    EXPECT_NEAR(token.logprob, exact(token.token), 1e-5);
    std::vector<int32_t> order(300);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    });
    EXPECT_EQ(order[static_cast<size_t>(token.rank - 1)], token.token);
    ASSERT_EQ(token.top.size(), 4u);
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(token.top[i].token, order[i]);
      EXPECT_NEAR(token.top[i].logprob, exact(order[i]), 1e-5);
    }
    EXPECT_EQ(sampler.score_token(logits, token.token, 0).logprob, token.logprob);
  }
}

TEST(Sampler, AnImpossiblePromptTokenGetsALowFiniteLogprob) {
  std::vector<float> logits{0, -kInfinity, 0};
  SampledToken token = Sampler().score_token(logits, 1, 3);
  EXPECT_EQ(token.logprob, -9999.0f);
  EXPECT_EQ(token.rank, 3);
  EXPECT_EQ(token.top.size(), 2u);
}

}  // namespace
}  // namespace weft
