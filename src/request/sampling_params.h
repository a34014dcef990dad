// How the next token is chosen from the logits. Ranges are checked by ValidatedRequest::make.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "request/ids.h"

namespace weft {

struct SamplingParams {
  float temperature = 1.0f;         // 0: greedy
  float top_p = 1.0f;               // (0, 1]
  int32_t top_k = 0;                // 0: all
  float min_p = 0.0f;               // [0, 1)
  float repetition_penalty = 1.0f;  // over prompt and output, > 0
  float presence_penalty = 0.0f;    // over output, [-2, 2]
  float frequency_penalty = 0.0f;   // over output, [-2, 2]
  std::vector<std::pair<TokenId, float>> logit_bias;
  uint64_t seed = 0;          // of choice 0; choice i draws from an own stream of it
  int32_t num_logprobs = -1;  // -1: none; k: of the sampled token and the k most likely
};

}  // namespace weft
