#include "engine/constraint_table.h"

namespace weft {

void ConstraintTable::start_row(const RowStart& start) {
  auto index = static_cast<size_t>(start.row);
  if (rows_.size() <= index) rows_.resize(index + 1);
  Row& row = rows_[index];
  row = {.sequence = start.sequence, .state = nullptr};
  if (start.request->constraint == nullptr) return;
  row.state = start.request->constraint->start();
  for (TokenId token : start.output_ids) row.broken = row.broken || !row.state->accept(token).ok();
}

void ConstraintTable::start_masks(const StepPlan& plan) {
  masks_.clear();
  jobs_.clear();
  for (int32_t row : plan.freed_rows) {
    if (static_cast<size_t>(row) < rows_.size()) rows_[static_cast<size_t>(row)] = Row{};
  }
  for (const RowStart& start : plan.row_starts) start_row(start);
  for (size_t i = 0; i < plan.items.size(); ++i) {
    Row& row = rows_[static_cast<size_t>(plan.items[i].row)];
    if (!plan.items[i].samples || row.state == nullptr) continue;
    if (words_.size() == masks_.size()) words_.emplace_back(mask_words_);
    std::vector<uint32_t>& words = words_[masks_.size()];
    masks_.push_back({.item = static_cast<int32_t>(i), .words = words});
    jobs_.push_back({.state = row.broken ? nullptr : row.state.get(), .words = words});
  }
  workers_.start(jobs_);
}

const std::vector<ItemMask>& ConstraintTable::finish_masks() {
  workers_.finish();
  return masks_;
}

void ConstraintTable::accept(const StepPlan& plan, const StepResult& result) {
  for (size_t i = 0; i < result.items.size() && i < plan.items.size(); ++i) {
    Row& row = rows_[static_cast<size_t>(plan.items[i].row)];
    if (row.state == nullptr) continue;
    for (const SampledToken& token : result.items[i].tokens) {
      row.broken = row.broken || !row.state->accept(token.token).ok();
    }
  }
}

}  // namespace weft
