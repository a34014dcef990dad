// One step of the engine: which tokens of which sequences run through the model, and where their K and V go.
// A step advances each scheduled sequence by num_new_tokens >= 1 of its known or promised tokens; there is no prefill
// phase and no decode phase. Plain records, so that a plan can be sent to ranks in other processes.
#pragma once

#include <cstdint>
#include <vector>

#include "request/ids.h"
#include "request/validated_request.h"

namespace weft {

// A sequence enters the batch: the executor sets up the sampling state of `row` for it.
struct RowStart {
  int32_t row = 0;
  SequenceId sequence = 0;
  ValidatedRequest request;
  int32_t choice = 0;               // which of the request's n choices
  std::vector<TokenId> output_ids;  // sampled before a preemption; empty at first
};

// One sequence's part of the step.
struct StepItem {
  SequenceId sequence = 0;
  int32_t row = 0;             // of the executor; stable while the sequence runs
  int32_t start_position = 0;  // position of the first of its tokens in this step
  int32_t num_new_tokens = 0;
  int32_t first_token = 0;  // index of its first token in StepPlan::token_ids
  bool samples = false;     // sample from the logits of its last token
  bool is_prefill = false;  // for metrics: tokens of the prompt, or recomputed after a preemption
};

// Page tables of one cache group, one row per item of the step.
struct GroupTables {
  int32_t stride = 0;               // entries per item; every item's table is padded with kNoPage to it
  std::vector<PageId> block_table;  // [items, stride]: page of positions 16 i .. 16 i + 15; kNoPage before the window
};

// Copies the content of a page, before the step's tokens run.
struct PageCopy {
  int32_t group = 0;
  PageId from = kNoPage;
  PageId to = kNoPage;
};

struct StepPlan {
  uint64_t step = 0;                 // counts from 1
  std::vector<int32_t> freed_rows;   // first
  std::vector<RowStart> row_starts;  // then
  std::vector<PageCopy> copies;
  std::vector<StepItem> items;
  std::vector<TokenId> token_ids;   // [T], kPromisedToken where a step in flight decides
  std::vector<GroupTables> groups;  // one per CacheSpec group

  bool empty() const { return items.empty(); }
};

}  // namespace weft
