// What a step of the engine returned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "request/ids.h"

namespace weft {

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;
};

struct SampledToken {
  TokenId token = 0;
  float logprob = 0;              // set when the request asks for log-probabilities
  int32_t rank = 0;               // 1: the most likely
  std::vector<TokenLogprob> top;  // the num_logprobs most likely, descending
};

// The result of one StepItem, in the order of the plan.
struct ItemResult {
  SequenceId sequence = 0;
  std::vector<SampledToken> tokens;  // 0 when the item did not sample, else 1
  std::vector<SampledToken>
      prompt_logprobs;          // of the prompt's next token after each of this step's, where there is one
  bool failed = false;          // non-finite logits (I20): the sequence ends with numeric_error, or ...
  bool no_legal_token = false;  // ... (failed too) its grammar left no token (I21)
};

struct StepResult {
  uint64_t step = 0;
  std::vector<ItemResult> items;
};

}  // namespace weft
