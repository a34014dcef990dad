// The scheduler's invariants, counted anew from its records.
#include <algorithm>

#include "scheduler/scheduler.h"

namespace weft {

Status Scheduler::check_integrity() const {
  std::vector<const SequencePages*> pages;
  for (const Sequence* sequence : holders_) pages.push_back(&sequence->pages);
  TRY(cache_.check_integrity(pages));
  TRY(check_rows());
  TRY(check_in_flight());
  for (const auto& [id, request] : requests_) {
    bool all_done = true;
    for (const auto& sequence : request->sequences) {
      TRY(check_sequence(*sequence));
      all_done = all_done && sequence->state == Sequence::State::kDone;
    }
    if (all_done) return make_error(ErrorCode::kInternalError, "Request {} has ended, but is kept.", id);
  }
  PageBudget budget = budget_;
  budget.refresh(holders_);
  for (size_t g = 0; g < cache_.num_groups(); ++g) {
    if (budget.room(g) >= 0) continue;
    return make_error(ErrorCode::kInternalError, "Group {} has set aside {} pages more than it has.", g,
                      -budget.room(g));
  }
  return {};
}

Status Scheduler::check_sequence(const Sequence& sequence) const {
  using State = Sequence::State;
  const bool waits = sequence.state == State::kWaiting;
  const bool done = sequence.state == State::kDone;
  const bool is_listed = std::find(holders_.begin(), holders_.end(), &sequence) != holders_.end();
  if (sequence.holds_row() == (waits || done) || sequence.holds_row() != is_listed) {
    return make_error(ErrorCode::kInternalError, "Sequence {} in state {} has row {}.", sequence.id,
                      static_cast<int>(sequence.state), sequence.row);
  }
  if (waits != waiting_.contains(const_cast<Sequence*>(&sequence))) {
    return make_error(ErrorCode::kInternalError, "Sequence {} in state {} is queued wrongly.", sequence.id,
                      static_cast<int>(sequence.state));
  }
  for (const BlockTable& table : sequence.pages.tables) {
    const auto capacity = static_cast<int64_t>(table.pages.size()) * kPageTokens;
    if (!sequence.holds_row() ? capacity != 0 : capacity < sequence.num_planned) {
      return make_error(ErrorCode::kInternalError, "Sequence {} in state {} has pages for {} tokens of {}.",
                        sequence.id, static_cast<int>(sequence.state), capacity, sequence.num_planned);
    }
  }
  if (sequence.num_committed > sequence.num_planned || sequence.num_preemptions > kMaxPreemptions ||
      (sequence.state == State::kDraining && sequence.num_steps_in_flight == 0) ||
      (!sequence.holds_row() && sequence.num_steps_in_flight > 0)) {
    return make_error(
        ErrorCode::kInternalError,
        "Sequence {} in state {} has {} steps in flight, {} positions committed, {} planned, {} preemptions.",
        sequence.id, static_cast<int>(sequence.state), sequence.num_steps_in_flight, sequence.num_committed,
        sequence.num_planned, sequence.num_preemptions);
  }
  return {};
}

Status Scheduler::check_rows() const {
  std::vector<bool> used(row_used_.size(), false);
  for (const Sequence* sequence : holders_) {
    const auto row = static_cast<size_t>(sequence->row);
    if (row >= used.size() || used[row]) {
      return make_error(ErrorCode::kInternalError, "Row {} of sequence {} is not its own.", row, sequence->id);
    }
    used[row] = true;
  }
  if (used != row_used_ || !std::is_sorted(holders_.begin(), holders_.end(), RunsBefore())) {
    return make_error(ErrorCode::kInternalError, "The rows in use are not those of the running sequences.");
  }
  return {};
}

Status Scheduler::check_in_flight() const {
  for (const Sequence* sequence : holders_) {
    int32_t num_steps = 0;
    int32_t num_samples = 0;
    int32_t num_tokens = 0;
    for (size_t i = 0; i < num_in_flight_; ++i) {
      for (const InFlightItem& item : in_flight_[(first_in_flight_ + i) % in_flight_.size()].items) {
        if (item.sequence != sequence) continue;
        ++num_steps;
        num_samples += item.samples ? 1 : 0;
        num_tokens += item.num_tokens;
      }
    }
    const bool drains = sequence->state == Sequence::State::kDraining;
    if (num_steps != sequence->num_steps_in_flight || num_samples != sequence->num_promised ||
        (!drains && num_tokens != sequence->num_planned - sequence->num_committed)) {
      return make_error(ErrorCode::kInternalError,
                        "Sequence {} counts {} steps and {} samples in flight; there are {} and {}.", sequence->id,
                        sequence->num_steps_in_flight, sequence->num_promised, num_steps, num_samples);
    }
  }
  return {};
}

}  // namespace weft
