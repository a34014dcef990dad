// Runs plans on the fake model and checks each of them without knowing how the scheduler made it. The device has
// memory: a slot per position of each page holds what was "computed" there, so a row that reads a wrong, lost, reused
// or failed page is found out, as is a page or row that changes hands while a step in flight uses it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "request/cache_spec.h"
#include "request/step_plan.h"
#include "request/step_result.h"
#include "scheduler/simulation/fake_model.h"

namespace weft {

class FakeDevice {
 public:
  FakeDevice(const CacheSpec& spec, const std::vector<int32_t>& pages_per_group, int32_t num_rows,
             int32_t max_num_batched_tokens);

  // Checks the plan and runs it. The error says what the plan did wrong.
  Status submit(const StepPlan& plan);
  // The result of the oldest step that was submitted and not collected.
  StepResult collect();
  // From now on the request's rows need not be planned any more.
  // (the device knows a request by its seed).
  void mark_ended(uint64_t seed, int32_t choice);

 private:
  struct Row {
    bool active = false;
    SequenceId sequence = 0;
    std::optional<ValidatedRequest> request;
    int32_t choice = 0;
    std::vector<TokenId> tokens;     // prompt, outputs and what steps in flight sampled
    std::vector<uint64_t> contexts;  // per token
    int32_t num_collected = 0;       // tokens that the scheduler knows
    int32_t next_position = -1;      // -1: not planned since it started
    int32_t prefill_end = 0;
    bool failed = false;
    bool was_skipped = false;  // a decode that a plan left out, without a reason seen yet
  };
  struct PageUse {
    size_t group = 0;
    PageId page = kNoPage;
    SequenceId sequence = 0;
    bool writes = false;
  };
  struct InFlight {
    StepResult result;
    std::vector<int32_t> rows;  // per item
    std::vector<PageUse> uses;
  };
  using Outcome = std::pair<uint64_t, int32_t>;

  Status free_rows(const StepPlan& plan);
  Status start_rows(const StepPlan& plan);
  Status check_shape(const StepPlan& plan) const;
  Status check_item(const StepItem& item, const Row& row) const;
  Status check_tokens(const StepPlan& plan, const StepItem& item, const Row& row) const;
  Status check_tables(const StepPlan& plan, size_t item_index, const Row& row) const;
  std::vector<PageUse> page_uses(const StepPlan& plan) const;
  Status check_owners(const std::vector<PageUse>& uses) const;
  Status check_skipped(const StepPlan& plan);
  void run_item(const StepPlan& plan, size_t item_index, Row& row, ItemResult& result);
  bool row_is_in_flight(int32_t row) const;
  std::span<const PageId> table(const StepPlan& plan, size_t group, size_t item_index) const;
  int32_t first_visible(size_t group, int32_t position) const;

  CacheSpec spec_;
  int32_t max_num_batched_tokens_;
  std::vector<std::vector<uint64_t>> memory_;  // per group: [pages * kPageTokens]
  std::vector<Row> rows_;
  std::deque<InFlight> in_flight_;
  std::map<SequenceId, std::vector<TokenId>> collected_outputs_;
  std::map<Outcome, bool> ended_;
  uint64_t next_step_ = 1;
};

}  // namespace weft
