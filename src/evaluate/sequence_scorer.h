// Teacher-forced scoring: known token ids through the model, its logits at chosen positions.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/status.h"
#include "executor/model_runner.h"
#include "request/ids.h"

namespace weft {

// Borrows a runner whose cache holds the longest sequence that is scored.
class SequenceScorer {
 public:
  explicit SequenceScorer(ModelRunner& runner) : runner_(runner) {}

  using Visit = std::function<void(int32_t position, std::span<const float> logits)>;

  // Calls visit(p, logits [vocab_size] after token p) for each of `positions` (ascending). An error when an id or a
  // position is out of range, the sequence too long for the runner, or a logit is not finite.
  Status score(std::span<const TokenId> ids, std::span<const int32_t> positions, const Visit& visit);

 private:
  Status check(std::span<const TokenId> ids, std::span<const int32_t> positions) const;

  ModelRunner& runner_;
};

// Natural logarithm of the softmax probability of `token`, summed in double precision.
double log_probability(std::span<const float> logits, TokenId token);

}  // namespace weft
