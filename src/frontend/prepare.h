// A TextRequest to a ValidatedRequest: the prompt's tokens, the defaults, and every check of a field that is about text
// or about the width of a number. The rest is checked by ValidatedRequest::make.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "frontend/text_model.h"
#include "frontend/text_request.h"
#include "request/validated_request.h"

namespace weft {

struct PreparedPrompt {
  std::vector<TokenId> ids;
  std::string chat;  // what the template made; empty for other prompts
};

// Renders and tokenises. A chat gets no further special tokens than its template writes, as in Hugging Face's
// apply_chat_template.
// Parts of a long text are encoded by `parallel_for` (null: none).
Result<PreparedPrompt> make_prompt(const TextModel& model, const TextRequest& request,
                                   const ParallelFor& parallel_for = nullptr);

// The errors' `param` is the field's name in OpenAI's API. With a constraint, which ends the answer itself, the
// request's stop tokens are left out and ignore_eos is false.
Result<ValidatedRequest> make_validated(const TextModel& model, const TextRequest& request,
                                        std::vector<TokenId> prompt_ids, uint64_t seed, Nanos deadline,
                                        std::shared_ptr<const TokenConstraint> constraint = nullptr);

}  // namespace weft
