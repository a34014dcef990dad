#include "executor/batch_builder.h"

#include "base/check.h"
#include "request/cache_spec.h"

namespace weft {

void BatchBuilder::clear(const StepPlan& plan) {
  token_ids_.clear();
  positions_.clear();
  query_start_.assign(1, 0);
  kv_len_.clear();
  logit_rows_.clear();
  logit_start_.assign(1, 0);
  slots_.resize(plan.groups.size());
  for (auto& slots : slots_) slots.clear();
}

void BatchBuilder::add_item(const StepPlan& plan, size_t index, std::span<const TokenId> last_tokens, bool all_logits) {
  const StepItem& item = plan.items[index];
  const auto first_row = static_cast<int32_t>(token_ids_.size());
  for (int32_t i = 0; i < item.num_new_tokens; ++i) {
    TokenId token = plan.token_ids[item.first_token + i];
    token_ids_.push_back(token == kPromisedToken ? last_tokens[item.row] : token);
    int32_t position = item.start_position + i;
    positions_.push_back(position);
    for (size_t g = 0; g < slots_.size(); ++g) {
      const GroupTables& tables = plan.groups[g];
      PageId page = tables.block_table[index * tables.stride + position / kPageTokens];
      CHECK(page != kNoPage);
      slots_[g].push_back(int64_t{page} * kPageTokens + position % kPageTokens);
    }
  }
  const auto end_row = static_cast<int32_t>(token_ids_.size());
  for (int32_t row = all_logits ? first_row : end_row - (item.samples ? 1 : 0); row < end_row; ++row) {
    logit_rows_.push_back(row);
  }
  logit_start_.push_back(static_cast<int32_t>(logit_rows_.size()));
  query_start_.push_back(end_row);
  kv_len_.push_back(item.start_position + item.num_new_tokens);
}

const ForwardBatch& BatchBuilder::finish(const StepPlan& plan) {
  batch_.token_ids = token_ids_;
  batch_.positions = positions_;
  batch_.query_start = query_start_;
  batch_.kv_len = kv_len_;
  batch_.logit_rows = logit_rows_;
  batch_.groups.resize(plan.groups.size());
  for (size_t g = 0; g < slots_.size(); ++g) {
    batch_.groups[g] = {plan.groups[g].block_table.data(), plan.groups[g].stride, slots_[g]};
  }
  return batch_;
}

}  // namespace weft
