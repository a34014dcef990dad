#include "scheduler/scheduler.h"

#include <algorithm>

namespace weft {

Scheduler::Scheduler(const SchedulerConfig& config, const CacheSpec& spec, const std::vector<int32_t>& pages_per_group,
                     const Clock& clock)
    : config_(config),
      clock_(clock),
      cache_(spec, pages_per_group,
             {.enable_prefix_caching = config.enable_prefix_caching, .prefix_key_bits = config.prefix_key_bits}),
      budget_(cache_, config),
      row_used_(static_cast<size_t>(config.max_num_seqs), false),
      in_flight_(static_cast<size_t>(config.max_steps_in_flight)) {
  CHECK(config.validate());
}

bool Scheduler::plan(StepPlan& out) {
  expire_deadlines();
  out.freed_rows.clear();
  out.row_starts.clear();
  out.copies.clear();
  out.items.clear();
  out.token_ids.clear();
  if (num_in_flight_ == in_flight_.size()) return false;

  tokens_left_ = config_.max_num_batched_tokens;
  preempted_ = false;
  scheduled_.clear();
  started_.clear();
  budget_.refresh(holders_);
  schedule_decodes();
  schedule_prefills();
  start_waiting();
  spread_leftover();
  if (scheduled_.empty()) return false;
  write_plan(out);
  return true;
}

// Sequences whose next token is the only one left to compute. Preemption may shorten holders_ behind the loop's place.
void Scheduler::schedule_decodes() {
  for (size_t i = 0; i < holders_.size(); ++i) {
    Sequence& sequence = *holders_[i];
    if (sequence.state != Sequence::State::kRunning || sequence.num_remaining() != 1) continue;
    const int32_t num_outputs = sequence.num_known() - sequence.request->num_prompt();
    if (num_outputs >= sequence.request->request->max_tokens) continue;  // the promised token is its last
    if (!schedule(sequence, 1)) ++counters_.stalled_rows;
  }
}

void Scheduler::schedule_prefills() {
  const auto wants = [](const Sequence* s) { return s->state == Sequence::State::kRunning && s->num_remaining() > 1; };
  auto others = std::count_if(holders_.begin(), holders_.end(), wants);
  for (size_t i = 0; i < holders_.size() && tokens_left_ > 0; ++i) {
    Sequence& sequence = *holders_[i];
    if (!wants(&sequence)) continue;
    --others;
    const int32_t limit = first_round_limit(others > 0 || !waiting_.empty());
    if (!schedule(sequence, std::min(limit, sequence.num_remaining()))) ++counters_.stalled_rows;
  }
}

// The head of the queue is not passed over for want of pages, or a large request might wait for ever.
void Scheduler::start_waiting() {
  if (preempted_ && !scheduled_.empty()) return;
  for (auto it = waiting_.begin(); it != waiting_.end() && tokens_left_ > 0;) {
    Sequence& sequence = **it;
    ++it;  // start() takes the sequence out
    if (is_parked(sequence)) continue;
    if (!start(sequence)) return;
    const int32_t limit = std::min(first_round_limit(it != waiting_.end()), sequence.num_remaining());
    CHECK(schedule(sequence, limit));
  }
}

// What nobody else wanted goes to the prefills, in order.
void Scheduler::spread_leftover() {
  for (Scheduled& item : scheduled_) {
    if (tokens_left_ == 0) return;
    const Sequence& sequence = *item.sequence;
    const int32_t done = sequence.num_planned + item.num_tokens;
    const int32_t wanted = std::min(tokens_left_, sequence.num_known() - done);
    const int32_t more = std::min(wanted, budget_.num_tokens_that_fit(sequence, done));
    if (more > 0) extend(item, more);
  }
}

int32_t Scheduler::first_round_limit(bool others_want) const {
  if (!others_want) return tokens_left_;
  return std::min(tokens_left_, std::max(kPageTokens, tokens_left_ / 2));
}

bool Scheduler::schedule(Sequence& sequence, int32_t num_tokens) {
  int32_t fits = budget_.num_tokens_that_fit(sequence, sequence.num_planned);
  while (fits == 0) {
    // A prefill whose own steps in flight will free pages of its window waits for them.
    if (num_tokens > 1 && sequence.num_steps_in_flight > 0) return false;
    if (sequence.reserved || !preempt_for(sequence)) return false;
    fits = budget_.num_tokens_that_fit(sequence, sequence.num_planned);
  }
  scheduled_.push_back({&sequence, 0});
  extend(scheduled_.back(), std::min(num_tokens, fits));
  return true;
}

void Scheduler::extend(Scheduled& item, int32_t num_tokens) {
  item.num_tokens += num_tokens;
  tokens_left_ -= num_tokens;
  const int32_t num_positions = item.sequence->num_planned + item.num_tokens;
  budget_.charge_growth(*item.sequence, num_positions);
  cache_.grow(item.sequence->pages, num_positions);
}

// Takes the pages of the last sequence behind `sequence` that may be preempted. False when there is none, or when pages
// come only with the commit of a step in flight.
bool Scheduler::preempt_for(const Sequence& sequence) {
  for (const Sequence* holder : holders_) {
    if (holder->state == Sequence::State::kPreempting) return false;
  }
  for (size_t i = holders_.size(); i > 0; --i) {
    Sequence& victim = *holders_[i - 1];
    if (&victim == &sequence || RunsBefore()(&victim, &sequence)) return false;
    if (victim.state != Sequence::State::kRunning || victim.reserved) continue;
    preempted_ = true;
    unschedule(victim);
    if (victim.num_steps_in_flight > 0) {
      victim.state = Sequence::State::kPreempting;
      return false;
    }
    preempt(victim);
    budget_.refresh(holders_);
    return true;
  }
  return false;
}

void Scheduler::unschedule(Sequence& sequence) {
  const auto it = std::find_if(scheduled_.begin(), scheduled_.end(),
                               [&](const Scheduled& item) { return item.sequence == &sequence; });
  if (it == scheduled_.end()) return;
  tokens_left_ += it->num_tokens;
  scheduled_.erase(it);
}

void Scheduler::preempt(Sequence& sequence) {
  CHECK(sequence.num_steps_in_flight == 0 && sequence.num_promised == 0);
  release(sequence);
  sequence.state = Sequence::State::kWaiting;
  sequence.num_planned = 0;
  sequence.num_committed = 0;
  ++sequence.num_preemptions;
  ++counters_.preemptions;
  waiting_.insert(&sequence);
}

bool Scheduler::may_use_prefix_cache(const Request& request) const {
  return config_.enable_prefix_caching && !request.request->prompt_logprobs;  // those need every position's logits
}

// The choices of a request wait until the first one's prompt is computed, and then find it in the prefix cache.
bool Scheduler::is_parked(const Sequence& sequence) const {
  const Request& request = *sequence.request;
  const Sequence& first = *request.sequences.front();
  return sequence.choice > 0 && !sequence.has_started && may_use_prefix_cache(request) &&
         request.num_prompt() > kPageTokens && first.state != Sequence::State::kDone && !first.prompt_was_computed;
}

// Gives a waiting sequence a row and the pages of its prefix hit. False when a row or pages are lacking.
bool Scheduler::start(Sequence& sequence) {
  const auto free_row = std::find(row_used_.begin(), row_used_.end(), false);
  if (free_row == row_used_.end()) return false;
  const Request& request = *sequence.request;
  if (sequence.tokens.empty()) {
    sequence.tokens.reserve(static_cast<size_t>(request.max_positions()) + 1);
    sequence.tokens = request.request->prompt;
    cache_.begin(sequence.pages, request.request->cache_salt);
  }
  const bool reserved =
      config_.capacity_policy == CapacityPolicy::kGuaranteedNoEvict || sequence.num_preemptions >= kMaxPreemptions;
  const int32_t most_cached = may_use_prefix_cache(request) ? sequence.num_known() - 1 : 0;  // the last one must run
  cache_.find_prefix(sequence.pages, sequence.tokens, most_cached, hit_);
  if (!budget_.can_start(sequence, hit_, reserved, holders_)) return false;

  cache_.acquire(sequence.pages, hit_);
  waiting_.erase(&sequence);
  holders_.insert(std::upper_bound(holders_.begin(), holders_.end(), &sequence, RunsBefore()), &sequence);
  started_.push_back(&sequence);
  *free_row = true;
  sequence.row = static_cast<int32_t>(free_row - row_used_.begin());
  sequence.state = Sequence::State::kRunning;
  sequence.reserved = reserved;
  if (sequence.num_preemptions >= kMaxPreemptions) ++counters_.protections;
  sequence.num_planned = sequence.num_committed = hit_.num_tokens;
  sequence.prefill_end = sequence.num_known();
  if (!sequence.has_started) {
    sequence.has_started = true;
    sequence.num_cached_tokens = hit_.num_tokens;
    if (may_use_prefix_cache(request)) {
      counters_.prefix_queries_tokens += request.num_prompt();
      counters_.prefix_hits_tokens += hit_.num_tokens;
    }
  }
  budget_.refresh(holders_);
  return true;
}

void Scheduler::write_plan(StepPlan& out) {
  out.step = next_step_++;
  ++counters_.steps;
  out.freed_rows.swap(freed_rows_);
  for (const Sequence* sequence : started_) {
    const auto first_output = sequence->tokens.begin() + sequence->request->num_prompt();
    out.row_starts.push_back({sequence->row, sequence->id, sequence->request->request, sequence->choice,
                              std::vector<TokenId>(first_output, sequence->tokens.end())});
  }
  InFlightStep& step = in_flight_[(first_in_flight_ + num_in_flight_) % in_flight_.size()];
  ++num_in_flight_;
  step.step = out.step;
  step.items.clear();
  for (const Scheduled& scheduled : scheduled_) {
    write_item(out, scheduled);
    step.items.push_back({scheduled.sequence, scheduled.num_tokens, out.items.back().samples});
  }
  write_tables(out);
}

void Scheduler::write_item(StepPlan& out, const Scheduled& scheduled) {
  Sequence& sequence = *scheduled.sequence;
  StepItem item{.sequence = sequence.id,
                .row = sequence.row,
                .start_position = sequence.num_planned,
                .num_new_tokens = scheduled.num_tokens,
                .first_token = static_cast<int32_t>(out.token_ids.size()),
                .samples = scheduled.num_tokens == sequence.num_remaining(),
                .is_prefill = sequence.num_planned < sequence.prefill_end};
  const int32_t end = item.start_position + item.num_new_tokens;
  for (int32_t position = item.start_position; position < end; ++position) {
    const bool is_known = position < static_cast<int32_t>(sequence.tokens.size());
    out.token_ids.push_back(is_known ? sequence.tokens[static_cast<size_t>(position)] : kPromisedToken);
  }
  sequence.num_planned = end;
  ++sequence.num_steps_in_flight;
  if (item.samples) ++sequence.num_promised;
  out.items.push_back(item);
}

void Scheduler::write_tables(StepPlan& out) const {
  out.groups.resize(cache_.num_groups());
  for (size_t g = 0; g < cache_.num_groups(); ++g) {
    size_t stride = 0;
    for (const Scheduled& item : scheduled_) {
      stride = std::max(stride, item.sequence->pages.tables[g].pages.size());
    }
    out.groups[g].stride = static_cast<int32_t>(stride);
    std::vector<PageId>& table = out.groups[g].block_table;
    table.assign(stride * scheduled_.size(), kNoPage);
    for (size_t i = 0; i < scheduled_.size(); ++i) {
      const std::vector<PageId>& pages = scheduled_[i].sequence->pages.tables[g].pages;
      // Pages that the window has left may be freed, and given to others, before this step runs.
      const auto first = static_cast<ptrdiff_t>(cache_.first_visible_page(g, out.items[i].start_position));
      std::copy(pages.begin() + first, pages.end(), table.begin() + static_cast<ptrdiff_t>(i * stride) + first);
    }
  }
}

}  // namespace weft
