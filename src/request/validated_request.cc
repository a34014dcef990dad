#include "request/validated_request.h"

#include <algorithm>
#include <cmath>

namespace weft {
namespace {

Status check_range(std::string_view param, double value, double low, double high) {
  if (std::isfinite(value) && value >= low && value <= high) return {};
  return param_error(param, "{} must be between {} and {}; it is {}.", param, low, high, value);
}

Status check_tokens(std::string_view param, const std::vector<TokenId>& tokens, int32_t vocab_size) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= 0 && tokens[i] < vocab_size) continue;
    return param_error(param, "{}[{}] is {}, but this model's token ids go from 0 to {}.", param, i, tokens[i],
                       vocab_size - 1);
  }
  return {};
}

Status check_sampling(const SamplingParams& sampling, int32_t vocab_size) {
  TRY(check_range("temperature", sampling.temperature, 0, 2));
  TRY(check_range("top_p", sampling.top_p, 1e-9, 1));
  TRY(check_range("top_k", sampling.top_k, 0, INT32_MAX));
  TRY(check_range("min_p", sampling.min_p, 0, 1));
  TRY(check_range("repetition_penalty", sampling.repetition_penalty, 0.01, 100));
  TRY(check_range("presence_penalty", sampling.presence_penalty, -2, 2));
  TRY(check_range("frequency_penalty", sampling.frequency_penalty, -2, 2));
  if (sampling.num_logprobs != -1) TRY(check_range("top_logprobs", sampling.num_logprobs, 0, 20));  // -1: none
  for (auto [token, bias] : sampling.logit_bias) {
    TRY(check_tokens("logit_bias", {token}, vocab_size));
    TRY(check_range("logit_bias", bias, -100, 100));
  }
  return {};
}

Status check_lengths(const RequestDraft& draft, const ModelLimits& limits) {
  auto num_prompt = static_cast<int64_t>(draft.prompt.size());
  if (num_prompt == 0) return param_error("prompt", "The prompt is empty; it needs at least one token.");
  TRY(check_range("n", draft.n, 1, limits.max_n));
  TRY(check_range("max_tokens", draft.max_tokens, 1, INT32_MAX));
  TRY(check_range("min_tokens", draft.min_tokens, 0, draft.max_tokens));
  if (num_prompt + draft.max_tokens > limits.max_model_len) {
    Error error =
        make_error(ErrorCode::kContextLengthExceeded,
                   "This model's context is {} tokens, but the prompt has {} and max_tokens asks for {} more. "
                   "Shorten the prompt or lower max_tokens.",
                   limits.max_model_len, num_prompt, draft.max_tokens);
    error.param = num_prompt >= limits.max_model_len ? "prompt" : "max_tokens";
    return error;
  }
  if (int64_t{draft.n} * draft.max_tokens > limits.max_n_times_max_tokens) {
    return param_error("n", "n times max_tokens is {}; this server allows {}.", int64_t{draft.n} * draft.max_tokens,
                       limits.max_n_times_max_tokens);
  }
  return {};
}

}  // namespace

Result<ValidatedRequest> ValidatedRequest::make(RequestDraft draft, const ModelLimits& limits) {
  TRY(check_lengths(draft, limits));
  TRY(check_tokens("prompt", draft.prompt, limits.vocab_size));
  TRY(check_tokens("stop_token_ids", draft.stop_token_ids, limits.vocab_size));
  TRY(check_sampling(draft.sampling, limits.vocab_size));
  std::vector<TokenId> stop_tokens = draft.stop_token_ids;
  if (!draft.ignore_eos) {
    stop_tokens.insert(stop_tokens.end(), limits.eos_token_ids.begin(), limits.eos_token_ids.end());
  }
  std::sort(stop_tokens.begin(), stop_tokens.end());
  stop_tokens.erase(std::unique(stop_tokens.begin(), stop_tokens.end()), stop_tokens.end());
  return ValidatedRequest(std::make_shared<const RequestDraft>(std::move(draft)),
                          std::make_shared<const std::vector<TokenId>>(std::move(stop_tokens)));
}

bool ValidatedRequest::is_stop_token(TokenId token) const {
  return std::binary_search(stop_tokens_->begin(), stop_tokens_->end(), token);
}

}  // namespace weft
