// A model without arithmetic: what it samples depends on everything that a real one's output depends on, so that a
// wrong page, position, token or seed changes the output. Pure functions of a request.
#pragma once

#include <cstdint>
#include <vector>

#include "request/validated_request.h"

namespace weft {

constexpr TokenId kFakeVocabSize = 4096;
constexpr TokenId kFakeEos = 2;

// Stands for the K and V of a position: a hash of the tenant's salt and of all tokens up to it.
uint64_t fake_context(const std::string& salt);
uint64_t fake_context(uint64_t before, TokenId token);

// The token that follows `context`, when `num_outputs` tokens of the choice have been sampled. About one in 30 stops.
TokenId fake_sample(const ValidatedRequest& request, int32_t choice, uint64_t context, int32_t num_outputs);
// True when the logits of that token are not finite. Only requests whose seed is a multiple of 16 ever fail.
bool fake_failure(const ValidatedRequest& request, int32_t choice, int32_t num_outputs);

// What a choice must come to if nothing interrupts it, computed by itself.
struct ExpectedOutput {
  std::vector<TokenId> tokens;
  bool fails = false;  // after these tokens
  bool stops = false;  // the last of these tokens is a stop token
};
ExpectedOutput expected_output(const ValidatedRequest& request, int32_t choice);

}  // namespace weft
