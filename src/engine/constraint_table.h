// The grammar states of the executor's rows. Follows the plans in the order of their execution: start_masks() when the
// tokens before a step are known, finish_masks() before its sampling, accept() with its result. In between, other
// threads may be at the masks. For the engine thread.
#pragma once

#include <memory>
#include <vector>

#include "engine/mask_workers.h"
#include "executor/executor.h"
#include "request/step_plan.h"
#include "request/step_result.h"
#include "request/token_constraint.h"

namespace weft {

class ConstraintTable {
 public:
  // `num_threads`: threads that make masks while the forward pass runs; 0: finish_masks() makes them.
  ConstraintTable(int32_t vocab_size, int num_threads)
      : mask_words_((static_cast<size_t>(vocab_size) + 31) / 32), workers_(num_threads) {}

  // Applies the plan's freed and started rows, then begins the masks of its sampling items.
  void start_masks(const StepPlan& plan);
  // The masks of the plan that was started; they stay until the next start. A state without a legal token gives an
  // empty mask, which makes the sampler fail the sequence (I21).
  const std::vector<ItemMask>& finish_masks();
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
  std::vector<std::vector<uint32_t>> words_;  // one mask each; kept from step to step
  std::vector<ItemMask> masks_;
  std::vector<MaskJob> jobs_;
  MaskWorkers workers_;
};

}  // namespace weft
