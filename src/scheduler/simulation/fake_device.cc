#include "scheduler/simulation/fake_device.h"

#include <algorithm>

namespace weft {
namespace {

constexpr uint64_t kNeverWritten = 0;
constexpr uint64_t kPoison = 0xbad0bad0bad0bad0;  // what a failed row writes

template <class... Args>
Error fault(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorCode::kInternalError, format, std::forward<Args>(args)...);
}

}  // namespace

FakeDevice::FakeDevice(const CacheSpec& spec, const std::vector<int32_t>& pages_per_group, int32_t num_rows,
                       int32_t max_num_batched_tokens)
    : spec_(spec), max_num_batched_tokens_(max_num_batched_tokens), rows_(static_cast<size_t>(num_rows)) {
  for (int32_t num_pages : pages_per_group) {
    memory_.emplace_back(static_cast<size_t>(num_pages) * kPageTokens, kNeverWritten);
  }
}

Status FakeDevice::submit(const StepPlan& plan) {
  if (plan.step != next_step_++) return fault("Step {} comes out of turn.", plan.step);
  TRY(free_rows(plan));
  TRY(start_rows(plan));
  TRY(check_shape(plan));
  for (size_t i = 0; i < plan.items.size(); ++i) {
    const StepItem& item = plan.items[i];
    Row& row = rows_[static_cast<size_t>(item.row)];
    TRY(check_item(item, row));
    TRY(check_tokens(plan, item, row));
    TRY(check_tables(plan, i, row));
  }
  InFlight step{.result = {.step = plan.step}, .uses = page_uses(plan)};
  TRY(check_owners(step.uses));
  TRY(check_skipped(plan));
  for (size_t i = 0; i < plan.items.size(); ++i) {
    step.rows.push_back(plan.items[i].row);
    step.result.items.push_back({.sequence = plan.items[i].sequence});
    run_item(plan, i, rows_[static_cast<size_t>(plan.items[i].row)], step.result.items.back());
  }
  in_flight_.push_back(std::move(step));
  return {};
}

StepResult FakeDevice::collect() {
  InFlight step = std::move(in_flight_.front());
  in_flight_.pop_front();
  for (size_t i = 0; i < step.rows.size(); ++i) {
    Row& row = rows_[static_cast<size_t>(step.rows[i])];
    const ItemResult& item = step.result.items[i];
    row.num_collected += static_cast<int32_t>(item.tokens.size());
    for (const SampledToken& token : item.tokens) collected_outputs_[item.sequence].push_back(token.token);
  }
  return std::move(step.result);
}

void FakeDevice::mark_ended(uint64_t seed, int32_t choice) { ended_[{seed, choice}] = true; }

Status FakeDevice::free_rows(const StepPlan& plan) {
  for (int32_t index : plan.freed_rows) {
    if (index < 0 || index >= static_cast<int32_t>(rows_.size()) || !rows_[static_cast<size_t>(index)].active) {
      return fault("Row {} is freed, but is not in use.", index);
    }
    if (row_is_in_flight(index)) return fault("Row {} is freed while a step in flight uses it.", index);
    rows_[static_cast<size_t>(index)] = {};
  }
  return {};
}

Status FakeDevice::start_rows(const StepPlan& plan) {
  for (const RowStart& start : plan.row_starts) {
    if (start.row < 0 || start.row >= static_cast<int32_t>(rows_.size())) {
      return fault("Row {} does not exist.", start.row);
    }
    Row& row = rows_[static_cast<size_t>(start.row)];
    if (row.active) return fault("Row {} is started while it is in use.", start.row);
    for (const Row& other : rows_) {
      if (other.active && other.sequence == start.sequence) return fault("Sequence {} has two rows.", start.sequence);
    }
    if (start.output_ids != collected_outputs_[start.sequence]) {
      return fault("Sequence {} comes back with {} outputs; it had {}.", start.sequence, start.output_ids.size(),
                   collected_outputs_[start.sequence].size());
    }
    row.active = true;
    row.sequence = start.sequence;
    row.request = start.request;
    row.choice = start.choice;
    row.tokens = start.request->prompt;
    row.tokens.insert(row.tokens.end(), start.output_ids.begin(), start.output_ids.end());
    uint64_t context = fake_context(start.request->cache_salt);
    for (TokenId token : row.tokens) row.contexts.push_back(context = fake_context(context, token));
    row.num_collected = row.prefill_end = static_cast<int32_t>(row.tokens.size());
  }
  return {};
}

Status FakeDevice::check_shape(const StepPlan& plan) const {
  if (plan.items.empty()) return fault("Step {} has no items.", plan.step);
  if (plan.token_ids.size() > static_cast<size_t>(max_num_batched_tokens_)) {
    return fault("Step {} has {} tokens, more than the budget of {}.", plan.step, plan.token_ids.size(),
                 max_num_batched_tokens_);
  }
  std::vector<bool> seen(rows_.size(), false);
  int32_t num_tokens = 0;
  for (const StepItem& item : plan.items) {
    if (item.row < 0 || item.row >= static_cast<int32_t>(rows_.size())) return fault("Row {} is not there.", item.row);
    if (seen[static_cast<size_t>(item.row)]) return fault("Row {} is in step {} twice.", item.row, plan.step);
    seen[static_cast<size_t>(item.row)] = true;
    if (item.first_token != num_tokens || item.num_new_tokens < 1) return fault("An item's tokens are not its own.");
    num_tokens += item.num_new_tokens;
  }
  if (num_tokens != static_cast<int32_t>(plan.token_ids.size())) return fault("Tokens and items differ in number.");
  if (plan.groups.size() != memory_.size()) return fault("The plan lacks the tables of a cache group.");
  for (const GroupTables& group : plan.groups) {
    if (group.block_table.size() != static_cast<size_t>(group.stride) * plan.items.size()) {
      return fault("A block table has the wrong size.");
    }
  }
  return {};
}

Status FakeDevice::check_item(const StepItem& item, const Row& row) const {
  if (!row.active || row.sequence != item.sequence) {
    return fault("Row {} is not that of sequence {}.", item.row, item.sequence);
  }
  const auto num_tokens = static_cast<int32_t>(row.tokens.size());
  const int32_t end = item.start_position + item.num_new_tokens;
  const bool is_first = row.next_position < 0;
  if (is_first ? item.start_position % kPageTokens != 0 : item.start_position != row.next_position) {
    return fault("Sequence {} continues at {} instead of {}.", item.sequence, item.start_position, row.next_position);
  }
  if (end > num_tokens || item.samples != (end == num_tokens)) {
    return fault("Sequence {} runs to {} of {} tokens, but samples is {}.", item.sequence, end, num_tokens,
                 item.samples);
  }
  if (item.samples && num_tokens - static_cast<int32_t>((*row.request)->prompt.size()) >= (*row.request)->max_tokens) {
    return fault("Sequence {} samples beyond max_tokens.", item.sequence);
  }
  if (is_first && item.start_position > 0 && (*row.request)->prompt_logprobs) {
    return fault("Sequence {} needs its prompt's log-probabilities, but skips positions.", item.sequence);
  }
  if (item.is_prefill != (item.start_position < row.prefill_end)) {
    return fault("Sequence {} at {} has the wrong is_prefill.", item.sequence, item.start_position);
  }
  if (row.was_skipped) return fault("The decode of sequence {} was left out of a step.", item.sequence);
  return {};
}

Status FakeDevice::check_tokens(const StepPlan& plan, const StepItem& item, const Row& row) const {
  for (int32_t i = 0; i < item.num_new_tokens; ++i) {
    const int32_t position = item.start_position + i;
    const TokenId token = plan.token_ids[static_cast<size_t>(item.first_token + i)];
    const TokenId expected = position < row.num_collected ? row.tokens[static_cast<size_t>(position)] : kPromisedToken;
    if (token != expected) {
      return fault("Sequence {} has token {} at {}; it should be {}.", item.sequence, token, position, expected);
    }
  }
  return {};
}

std::span<const PageId> FakeDevice::table(const StepPlan& plan, size_t group, size_t item_index) const {
  const auto stride = static_cast<size_t>(plan.groups[group].stride);
  return std::span(plan.groups[group].block_table).subspan(item_index * stride, stride);
}

int32_t FakeDevice::first_visible(size_t group, int32_t position) const {
  const CacheGroup& g = spec_.groups[group];
  return g.kind == CacheGroupKind::kWindow ? std::max(0, position - g.window + 1) : 0;
}

// Each position that the item's tokens see must be in its table, with the right content; each that they write, too.
Status FakeDevice::check_tables(const StepPlan& plan, size_t item_index, const Row& row) const {
  const StepItem& item = plan.items[item_index];
  for (size_t g = 0; g < memory_.size(); ++g) {
    const std::span<const PageId> pages = table(plan, g, item_index);
    const auto num_pages = static_cast<PageId>(memory_[g].size() / kPageTokens);
    const int32_t end = item.start_position + item.num_new_tokens;
    const int32_t first = first_visible(g, item.start_position);
    for (int32_t i = 0; i < std::min(static_cast<int32_t>(pages.size()), first / kPageTokens); ++i) {
      if (pages[static_cast<size_t>(i)] != kNoPage) return fault("Page {} lies below the window.", i);
    }
    for (int32_t position = first; position < end; ++position) {
      const auto index = static_cast<size_t>(position / kPageTokens);
      if (index >= pages.size() || pages[index] < 0 || pages[index] >= num_pages) {
        return fault("Sequence {} has no page for position {} in group {}.", item.sequence, position, g);
      }
      if (position >= item.start_position || row.failed) continue;  // a failed row's surplus may read anything
      const auto slot = static_cast<size_t>(pages[index] * kPageTokens + position % kPageTokens);
      if (memory_[g][slot] != row.contexts[static_cast<size_t>(position)]) {
        return fault("Sequence {} finds something else at position {} in page {} of group {}{}.", item.sequence,
                     position, pages[index], g, memory_[g][slot] == kPoison ? ": what a failed row wrote" : "");
      }
    }
  }
  return {};
}

std::vector<FakeDevice::PageUse> FakeDevice::page_uses(const StepPlan& plan) const {
  std::vector<PageUse> uses;
  for (size_t i = 0; i < plan.items.size(); ++i) {
    const StepItem& item = plan.items[i];
    for (size_t g = 0; g < memory_.size(); ++g) {
      const std::span<const PageId> pages = table(plan, g, i);
      for (size_t index = 0; index < pages.size(); ++index) {
        if (pages[index] == kNoPage) continue;
        const auto first = static_cast<int32_t>(index) * kPageTokens;
        const bool writes =
            first + kPageTokens > item.start_position && first < item.start_position + item.num_new_tokens;
        uses.push_back({g, pages[index], item.sequence, writes});
      }
    }
  }
  return uses;
}

// A page that a sequence writes belongs to it alone, for as long as any step that touches it is in flight.
Status FakeDevice::check_owners(const std::vector<PageUse>& uses) const {
  constexpr SequenceId kNobody = 0;
  constexpr SequenceId kMany = ~SequenceId{0};
  std::vector<std::vector<SequenceId>> users(memory_.size());
  std::vector<std::vector<SequenceId>> writers(memory_.size());
  for (size_t g = 0; g < memory_.size(); ++g) {
    users[g].assign(memory_[g].size() / kPageTokens, kNobody);
    writers[g].assign(memory_[g].size() / kPageTokens, kNobody);
  }
  const auto add = [](SequenceId& slot, SequenceId sequence) {
    slot = slot == kNobody || slot == sequence ? sequence : kMany;
  };
  const auto add_all = [&](const std::vector<PageUse>& step) {
    for (const PageUse& use : step) {
      add(users[use.group][static_cast<size_t>(use.page)], use.sequence);
      if (use.writes) add(writers[use.group][static_cast<size_t>(use.page)], use.sequence);
    }
  };
  add_all(uses);
  for (const InFlight& step : in_flight_) add_all(step.uses);
  for (size_t g = 0; g < memory_.size(); ++g) {
    for (size_t page = 0; page < users[g].size(); ++page) {
      if (writers[g][page] != kNobody && users[g][page] == kMany) {
        return fault("Page {} of group {} is written by one sequence while another uses it.", page, g);
      }
    }
  }
  return {};
}

// I14: a row whose next token needs no new page must be in the step, unless it has ended, is about to, or is being
// preempted (then its row is freed before it is planned again).
Status FakeDevice::check_skipped(const StepPlan& plan) {
  std::vector<bool> planned(rows_.size(), false);
  for (const StepItem& item : plan.items) planned[static_cast<size_t>(item.row)] = true;
  for (size_t i = 0; i < rows_.size(); ++i) {
    Row& row = rows_[i];
    if (!row.active || planned[i] || row.next_position < 0) continue;
    const auto num_tokens = static_cast<int32_t>(row.tokens.size());
    const bool is_decode = row.next_position == num_tokens - 1 && row.next_position % kPageTokens != 0;
    const bool is_complete =
        num_tokens - static_cast<int32_t>((*row.request)->prompt.size()) >= (*row.request)->max_tokens;
    const bool has_ended = ended_.contains({(*row.request)->sampling.seed, row.choice});
    if (is_decode && !is_complete && !has_ended) row.was_skipped = true;
  }
  return {};
}

void FakeDevice::run_item(const StepPlan& plan, size_t item_index, Row& row, ItemResult& result) {
  const StepItem& item = plan.items[item_index];
  const ValidatedRequest& request = *row.request;
  const auto num_prompt = static_cast<int32_t>(request->prompt.size());
  const int32_t end = item.start_position + item.num_new_tokens;
  const int32_t num_outputs = static_cast<int32_t>(row.tokens.size()) - num_prompt;
  row.failed = row.failed || (item.samples && fake_failure(request, row.choice, num_outputs));
  result.failed = row.failed;
  for (size_t g = 0; g < memory_.size(); ++g) {
    const std::span<const PageId> pages = table(plan, g, item_index);
    for (int32_t position = item.start_position; position < end; ++position) {
      const PageId page = pages[static_cast<size_t>(position / kPageTokens)];
      memory_[g][static_cast<size_t>(page * kPageTokens + position % kPageTokens)] =
          row.failed ? kPoison : row.contexts[static_cast<size_t>(position)];
    }
  }
  row.next_position = end;
  if (request->prompt_logprobs) {
    for (int32_t position = item.start_position + 1; position < std::min(end + 1, num_prompt); ++position) {
      result.prompt_logprobs.push_back({.token = request->prompt[static_cast<size_t>(position)]});
    }
  }
  if (!item.samples) return;
  const TokenId token = fake_sample(request, row.choice, row.contexts.back(), num_outputs);
  row.tokens.push_back(token);
  row.contexts.push_back(fake_context(row.contexts.back(), token));
  if (!row.failed) result.tokens.push_back({.token = token});
}

bool FakeDevice::row_is_in_flight(int32_t row) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), [&](const InFlight& step) {
    return std::find(step.rows.begin(), step.rows.end(), row) != step.rows.end();
  });
}

}  // namespace weft
