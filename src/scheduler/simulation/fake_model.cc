#include "scheduler/simulation/fake_model.h"

#include "base/rng.h"

namespace weft {

uint64_t fake_context(const std::string& salt) {
  uint64_t context = mix64(salt.size());
  for (char c : salt) context = mix64(context ^ static_cast<uint8_t>(c));
  return context;
}

uint64_t fake_context(uint64_t before, TokenId token) { return mix64(before ^ static_cast<uint32_t>(token)); }

TokenId fake_sample(const ValidatedRequest& request, int32_t choice, uint64_t context, int32_t num_outputs) {
  const uint64_t word = random_word(request->sampling.seed + static_cast<uint64_t>(choice), context);
  const bool may_stop = num_outputs >= request->min_tokens;
  if (may_stop && word % 30 == 0 && !request.stop_tokens().empty()) return request.stop_tokens().front();
  auto token = static_cast<TokenId>(word >> 8) & (kFakeVocabSize - 1);
  while (!may_stop && request.is_stop_token(token)) token = (token + 1) & (kFakeVocabSize - 1);
  return token;
}

bool fake_failure(const ValidatedRequest& request, int32_t choice, int32_t num_outputs) {
  const uint64_t seed = request->sampling.seed;
  return seed % 16 == 0 && random_word(seed + 77, static_cast<uint64_t>(choice * 1000 + num_outputs)) % 12 == 0;
}

ExpectedOutput expected_output(const ValidatedRequest& request, int32_t choice) {
  ExpectedOutput expected;
  uint64_t context = fake_context(request->cache_salt);
  for (TokenId token : request->prompt) context = fake_context(context, token);
  while (static_cast<int32_t>(expected.tokens.size()) < request->max_tokens) {
    const auto num_outputs = static_cast<int32_t>(expected.tokens.size());
    if (fake_failure(request, choice, num_outputs)) {
      expected.fails = true;
      return expected;
    }
    const TokenId token = fake_sample(request, choice, context, num_outputs);
    expected.tokens.push_back(token);
    context = fake_context(context, token);
    if (num_outputs + 1 > request->min_tokens && request.is_stop_token(token)) {
      expected.stops = true;
      return expected;
    }
  }
  return expected;
}

}  // namespace weft
