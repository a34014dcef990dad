// StepPlan -> ForwardBatch: positions, slots and the rows whose logits are wanted. Keeps its memory between steps.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "layers/forward_batch.h"
#include "request/step_plan.h"

namespace weft {

class BatchBuilder {
 public:
  // `last_tokens` [rows]: what a promised token stands for. `wants_all_logits(item)` says whether the logits of every
  // row of an item are wanted (prompt log-probabilities), not only of its last. Valid until the next call.
  template <class WantsAllLogits>
  const ForwardBatch& build(const StepPlan& plan, std::span<const TokenId> last_tokens,
                            WantsAllLogits wants_all_logits) {
    clear(plan);
    for (size_t i = 0; i < plan.items.size(); ++i) add_item(plan, i, last_tokens, wants_all_logits(plan.items[i]));
    return finish(plan);
  }

  // Of item i: its first entry in logit_rows, and how many it has (0, 1 or all its tokens).
  int32_t first_logit(size_t item) const { return logit_start_[item]; }
  int32_t num_logits(size_t item) const { return logit_start_[item + 1] - logit_start_[item]; }

 private:
  void clear(const StepPlan& plan);
  void add_item(const StepPlan& plan, size_t index, std::span<const TokenId> last_tokens, bool all_logits);
  const ForwardBatch& finish(const StepPlan& plan);

  std::vector<int32_t> token_ids_, positions_, query_start_, kv_len_, logit_rows_, logit_start_;
  std::vector<std::vector<int64_t>> slots_;  // per cache group
  ForwardBatch batch_;
};

}  // namespace weft
