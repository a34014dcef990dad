#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/rng.h"
#include "sampling/softmax.h"

namespace weft {
namespace {

constexpr float kGreedyBelow = 1e-5f;  // temperatures below it are greedy, as in vLLM: dividing by them overflows
constexpr size_t kDrawBlock = 4096;    // weights whose sum is skipped at once while drawing

constexpr float kLowestLogprob = -9999.0f;  // what vLLM reports for a token of probability 0; JSON has no infinity

void apply_mask(std::span<float> logits, const uint32_t* mask) {
  for (size_t start = 0; start < logits.size(); start += 32) {
    uint32_t legal = mask[start / 32];
    if (legal == 0xffff'ffffu) continue;
    size_t end = std::min(start + 32, logits.size());
    for (size_t t = start; t < end; ++t, legal >>= 1) {
      if ((legal & 1u) == 0) logits[t] = -std::numeric_limits<float>::infinity();
    }
  }
}

// Whether a stop token may be sampled: from min_tokens on, and where a grammar is complete and leaves nothing else.
bool may_stop(const SamplerRow& row, std::span<const float> logits, bool masked) {
  if (row.num_outputs >= (*row.request)->min_tokens) return true;
  if (!masked) return false;
  const std::vector<TokenId>& stops = row.request->stop_tokens();
  for (size_t t = 0; t < logits.size(); ++t) {
    if (logits[t] == -std::numeric_limits<float>::infinity()) continue;
    if (!std::binary_search(stops.begin(), stops.end(), static_cast<TokenId>(t))) return false;
  }
  return true;
}

// The index at which the running sum of `weights` passes `unit` (in [0, 1)) of the whole.
size_t inverse_cdf(std::span<const float> weights, double unit) {
  double target = unit * ordered_sum(weights);
  size_t start = 0;
  for (; start + kDrawBlock < weights.size(); start += kDrawBlock) {
    double block = ordered_sum(weights.subspan(start, kDrawBlock));
    if (target < block) break;
    target -= block;
  }
  size_t last = 0;
  bool found = false;
  for (size_t i = start; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    last = i;
    found = true;
    if (target < weights[i]) return i;
    target -= weights[i];
  }
  if (found) return last;
  // Rounding carried the target past the end and the last block is empty: the last weight there is.
  for (size_t i = start; i-- > 0;) {
    if (weights[i] != 0) return i;
  }
  return 0;
}

}  // namespace

bool Sampler::are_finite(std::span<const float> logits) { return finite_max(logits).has_value(); }

SampleOutcome Sampler::sample(std::span<float> logits, const uint32_t* mask, SamplerRow& row) {
  CHECK(row.request.has_value());
  const SamplingParams& params = (*row.request)->sampling;
  SampleOutcome outcome;
  if (!are_finite(logits)) {
    outcome.failed = true;
    return outcome;
  }
  if (mask != nullptr) apply_mask(logits, mask);
  if (params.num_logprobs >= 0) raw_.assign(logits.begin(), logits.end());
  edit_logits(row, may_stop(row, logits, mask != nullptr), logits);
  std::optional<float> max = finite_max(logits);
  if (!max) {
    outcome.failed = outcome.no_legal_token = true;
    return outcome;
  }
  TokenId token = params.temperature < kGreedyBelow ? argmax(logits) : draw(logits, *max, row);
  if (params.num_logprobs >= 0) {
    outcome.token = score_token(raw_, token, params.num_logprobs);
  } else {
    outcome.token.token = token;
  }
  row.add_output(token);
  return outcome;
}

int32_t Sampler::draw(std::span<const float> logits, float max, const SamplerRow& row) {
  const SamplingParams& params = (*row.request)->sampling;
  double unit = random_unit(row.seed, static_cast<uint64_t>(row.num_outputs));
  if (params.top_k <= 0 || static_cast<size_t>(params.top_k) >= logits.size()) {
    return draw_from(logits, max, params, unit);
  }
  std::span<const int32_t> top = selector_.top_k(logits, static_cast<size_t>(params.top_k));
  chosen_ids_.assign(top.begin(), top.end());
  std::sort(chosen_ids_.begin(), chosen_ids_.end());
  chosen_.clear();
  for (int32_t id : chosen_ids_) chosen_.push_back(logits[static_cast<size_t>(id)]);
  return chosen_ids_[static_cast<size_t>(draw_from(chosen_, max, params, unit))];
}

// min_p commutes with top_k (both keep a head of the same order), so it is applied after it here.
int32_t Sampler::draw_from(std::span<const float> logits, float max, const SamplingParams& params, double unit) {
  weights_.resize(logits.size());
  softmax_weights(logits, max, 1.0f / params.temperature, weights_);
  if (params.min_p > 0) {  // the most likely token's weight is 1
    for (float& weight : weights_) weight = weight < params.min_p ? 0.0f : weight;
  }
  if (params.top_p < 1) selector_.keep_top_p(weights_, ordered_sum(weights_), params.top_p);
  return static_cast<int32_t>(inverse_cdf(weights_, unit));
}

SampledToken Sampler::score_token(std::span<const float> logits, TokenId token, int32_t num_logprobs) {
  std::optional<float> max = finite_max(logits);
  CHECK(max.has_value());
  CHECK(token >= 0 && static_cast<size_t>(token) < logits.size());
  double normaliser = log_sum_exp(logits, *max);
  auto logprob = [&](TokenId id) {
    return std::max(kLowestLogprob, static_cast<float>(logits[static_cast<size_t>(id)] - normaliser));
  };
  SampledToken scored{.token = token, .logprob = logprob(token)};
  float own = logits[static_cast<size_t>(token)];
  int32_t better = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    better += logits[i] > own || (logits[i] == own && i < static_cast<size_t>(token)) ? 1 : 0;
  }
  scored.rank = better + 1;
  if (num_logprobs > 0) {
    for (int32_t id : selector_.top_k(logits, static_cast<size_t>(num_logprobs))) {
      if (std::isfinite(logits[static_cast<size_t>(id)])) scored.top.push_back({id, logprob(id)});
    }
  }
  return scored;
}

}  // namespace weft
