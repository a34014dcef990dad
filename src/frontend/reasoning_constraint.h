// A grammar for answers of models that reason first: free text up to the end of the reasoning, the grammar behind it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "request/token_constraint.h"

namespace weft {

struct ReasoningTokens {
  std::optional<TokenId> begin;          // legal as the first token; none: the prompt has opened the reasoning
  TokenId end = 0;                       // the grammar begins behind it
  std::vector<TokenId> end_of_sequence;  // not legal inside the reasoning
  int32_t vocab_size = 0;
};

std::shared_ptr<const TokenConstraint> make_reasoning_constraint(std::shared_ptr<const TokenConstraint> answer,
                                                                 ReasoningTokens tokens);

}  // namespace weft
