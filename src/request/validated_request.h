// The only kind of request that the engine accepts (I5). Every door builds it through make(), so the same request gets
// the same verdict at every door.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "request/ids.h"
#include "request/sampling_params.h"
#include "request/token_constraint.h"

namespace weft {

// What the loaded model and the server's settings allow.
struct ModelLimits {
  int32_t vocab_size = 0;
  int32_t max_model_len = 0;  // tokens of prompt and output together
  int32_t max_n = 8;
  int32_t max_n_times_max_tokens = 65'536;
  std::vector<TokenId> eos_token_ids;
};

// A request in tokens, before validation. `param` of an error names the field as OpenAI's API spells it.
struct RequestDraft {
  std::vector<TokenId> prompt;
  SamplingParams sampling;
  int32_t n = 1;
  int32_t max_tokens = 16;
  int32_t min_tokens = 0;
  std::vector<TokenId> stop_token_ids;
  bool ignore_eos = false;
  int32_t priority = 0;          // lower runs first, as in vLLM
  std::string cache_salt;        // prefix pages are shared only between equal salts
  Nanos deadline = 0;            // steady clock; 0: none
  bool prompt_logprobs = false;  // log-probabilities of the prompt's own tokens (completions with echo)
  std::shared_ptr<const TokenConstraint> constraint;
};

// Immutable. Copies are cheap: the draft is shared.
class ValidatedRequest {
 public:
  // kContextLengthExceeded when prompt + max_tokens can't fit; kInvalidValue with param otherwise.
  static Result<ValidatedRequest> make(RequestDraft draft, const ModelLimits& limits);

  const RequestDraft& operator*() const { return *draft_; }
  const RequestDraft* operator->() const { return draft_.get(); }
  // True when sampling `token` ends a sequence: end of sequence (unless ignored) or a stop token.
  bool is_stop_token(TokenId token) const;
  // All tokens that is_stop_token() is true for; what min_tokens must mask.
  const std::vector<TokenId>& stop_tokens() const { return *stop_tokens_; }

 private:
  ValidatedRequest(std::shared_ptr<const RequestDraft> draft, std::shared_ptr<const std::vector<TokenId>> stop_tokens)
      : draft_(std::move(draft)), stop_tokens_(std::move(stop_tokens)) {}
  std::shared_ptr<const RequestDraft> draft_;
  std::shared_ptr<const std::vector<TokenId>> stop_tokens_;  // sorted
};

}  // namespace weft
