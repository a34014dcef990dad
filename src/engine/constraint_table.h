// The grammar states of the executor's rows. Follows the plans in the order of their execution: begin() before a step's
// masks are made, accept() with its result. For the engine thread.
#pragma once

#include <memory>
#include <vector>

#include "executor/executor.h"
#include "request/step_plan.h"
#include "request/step_result.h"
#include "request/token_constraint.h"

namespace weft {

class ConstraintTable {
 public:
  explicit ConstraintTable(int32_t vocab_size) : mask_words_((static_cast<size_t>(vocab_size) + 31) / 32) {}

  // Applies the plan's freed and started rows, then makes the masks of its sampling items. A state without a legal
  // token gives an empty mask, which makes the sampler fail the sequence (I21).
  const std::vector<ItemMask>& begin(const StepPlan& plan);
  // Advances the states by the step's tokens.
  void accept(const StepPlan& plan, const StepResult& result);

 private:
  struct Row {
    SequenceId sequence = 0;
    std::unique_ptr<ConstraintState> state;  // null: unconstrained
    bool broken = false;                     // a token was not legal: no further token is
  };
  void start_row(const RowStart& start);

  size_t mask_words_;
  std::vector<Row> rows_;
  std::vector<ItemMask> masks_;
};

}  // namespace weft
