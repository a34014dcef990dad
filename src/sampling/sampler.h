// Logits of one row to its next token. The token depends only on (logits, mask, parameters, seed, number of outputs so
// far), never on other rows or on the machine (I16).
//
// Order, as vLLM's: grammar mask -> [log-probabilities are of these logits] -> logit bias -> min_tokens forbids stop
// tokens (unless the grammar leaves only those) -> repetition, frequency, presence penalty -> greedy when temperature
// is 0, else: temperature -> min_p -> top_k -> top_p -> draw by the inverse distribution function with
// random_unit(choice's seed, number of outputs).
// Of equal logits the lower token id comes first, everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "request/step_result.h"
#include "sampling/sampler_row.h"
#include "sampling/select.h"

namespace weft {

struct SampleOutcome {
  SampledToken token;
  bool failed = false;          // nothing was sampled: the logits are not finite (I20), or ...
  bool no_legal_token = false;  // ... mask, bias and min_tokens leave no token (I21)
};

// Holds scratch memory of a few vocabularies; for one thread at a time. Rows may be sampled by any Sampler.
class Sampler {
 public:
  // Samples from `logits` [V] (overwritten) and counts the token in `row`. `mask`: null, or ceil(V / 32) words, bit
  // t%32 of word t/32 set for a legal token t. V covers the ids that the row's request was validated for.
  SampleOutcome sample(std::span<float> logits, const uint32_t* mask, SamplerRow& row);

  // Log-probability, rank and the `num_logprobs` most likely tokens (fewer when the rest has probability 0) at one
  // position of a prompt whose next token is `token`. `logits` must have passed are_finite().
  SampledToken score_token(std::span<const float> logits, TokenId token, int32_t num_logprobs);

  // False when a logit is NaN or +infinity, or all are -infinity.
  static bool are_finite(std::span<const float> logits);

 private:
  int32_t draw(std::span<const float> logits, float max, const SamplerRow& row);
  int32_t draw_from(std::span<const float> logits, float max, const SamplingParams& params, double unit);

  Selector selector_;
  std::vector<float> raw_;           // [V] the logits that log-probabilities are reported of
  std::vector<float> weights_;       // [V or k]
  std::vector<float> chosen_;        // [k] logits that top_k left, by id
  std::vector<int32_t> chosen_ids_;  // [k]
};

}  // namespace weft
