#include "sampling/sampler_row.h"

#include <algorithm>
#include <limits>

#include "base/rng.h"

namespace weft {
namespace {

bool has_penalties(const SamplingParams& params) {
  return params.repetition_penalty != 1.0f || params.presence_penalty != 0.0f || params.frequency_penalty != 0.0f;
}

}  // namespace

uint64_t choice_seed(uint64_t seed, int32_t choice) {
  return choice == 0 ? seed : mix64(mix64(seed) + static_cast<uint64_t>(choice));
}

void SamplerRow::add_output(TokenId token) {
  ++num_outputs;
  if (!has_penalties((*request)->sampling)) return;
  auto it =
      std::lower_bound(seen.begin(), seen.end(), token, [](const Seen& entry, TokenId id) { return entry.token < id; });
  if (it == seen.end() || it->token != token) it = seen.insert(it, Seen{token, 0});
  ++it->output_count;
}

void start_row(SamplerRow& row, const RowStart& start) {
  const SamplingParams& params = start.request->sampling;
  row.request = start.request;
  row.seed = choice_seed(params.seed, start.choice);
  row.num_outputs = 0;
  row.seen.clear();
  if (params.repetition_penalty != 1.0f) {
    std::vector<TokenId> prompt = start.request->prompt;
    std::sort(prompt.begin(), prompt.end());
    prompt.erase(std::unique(prompt.begin(), prompt.end()), prompt.end());
    for (TokenId token : prompt) row.seen.push_back({token, 0});
  }
  for (TokenId token : start.output_ids) row.add_output(token);
}

void edit_logits(const SamplerRow& row, bool may_stop, std::span<float> logits) {
  const RequestDraft& request = **row.request;
  const SamplingParams& params = request.sampling;
  for (auto [token, bias] : params.logit_bias) logits[static_cast<size_t>(token)] += bias;
  if (!may_stop) {
    for (TokenId token : row.request->stop_tokens()) {
      logits[static_cast<size_t>(token)] = -std::numeric_limits<float>::infinity();
    }
  }
  for (const SamplerRow::Seen& entry : row.seen) {
    float& logit = logits[static_cast<size_t>(entry.token)];
    logit = logit > 0 ? logit / params.repetition_penalty : logit * params.repetition_penalty;
    logit -= params.frequency_penalty * static_cast<float>(entry.output_count);
    if (entry.output_count > 0) logit -= params.presence_penalty;
  }
}

}  // namespace weft
