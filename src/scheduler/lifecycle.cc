// How requests come in, take their results, and end.
#include <algorithm>
#include <utility>

#include "scheduler/scheduler.h"

namespace weft {
namespace {

Error failure_of(const ItemResult& result, int32_t position) {
  if (result.no_legal_token) {
    return make_error(
        ErrorCode::kNoLegalToken,
        "At position {} the structure that the request asks for, together with its logit_bias, leaves no "
        "token that the model could say next, so the output was stopped. Other requests are not affected.",
        position);
  }
  return make_error(ErrorCode::kNumericError,
                    "The model computed values that are not finite numbers for this request at position {}, so its "
                    "output was stopped. Other requests are not affected.",
                    position);
}

}  // namespace

Status Scheduler::check_queue(int64_t num_prompt) const {
  const SchedulerStats now = stats();
  if (static_cast<size_t>(now.num_waiting_requests) >= config_.max_waiting_requests) {
    return make_error(ErrorCode::kQueueFull, "{} requests are waiting, which is this server's limit. Try again later.",
                      now.num_waiting_requests);
  }
  if (now.num_waiting_requests > 0 && now.num_waiting_prompt_tokens + num_prompt > config_.max_waiting_prompt_tokens) {
    return make_error(ErrorCode::kQueueFull,
                      "The requests that are waiting have {} prompt tokens together; with this one's {} they would be "
                      "more than this server's limit of {}. Try again later.",
                      now.num_waiting_prompt_tokens, num_prompt, config_.max_waiting_prompt_tokens);
  }
  return {};
}

Status Scheduler::admit(RequestId id, ValidatedRequest request) {
  CHECK(!requests_.contains(id));
  auto record = std::make_unique<Request>(Request{id, next_arrival_, std::move(request), {}});
  TRY(budget_.check_fits(record->num_prompt(), record->max_positions()));
  TRY(check_queue(record->num_prompt()));
  ++next_arrival_;
  for (int32_t choice = 0; choice < record->request->n; ++choice) {
    auto sequence = std::make_unique<Sequence>();
    sequence->request = record.get();
    sequence->id = next_sequence_++;
    sequence->choice = choice;
    waiting_.insert(sequence.get());
    record->sequences.push_back(std::move(sequence));
  }
  requests_.emplace(id, std::move(record));
  return {};
}

void Scheduler::cancel(RequestId id) { end_request(id, nullptr); }

void Scheduler::cancel_choice(RequestId id, int32_t choice) {
  const auto it = requests_.find(id);
  if (it == requests_.end()) return;
  Request& request = *it->second;
  if (choice < 0 || choice >= static_cast<int32_t>(request.sequences.size())) return;
  Sequence& sequence = *request.sequences[static_cast<size_t>(choice)];
  if (sequence.state == Sequence::State::kDraining || sequence.state == Sequence::State::kDone) return;
  abort_sequence(sequence);
  forget_if_done(request);
}

void Scheduler::fail(RequestId id, Error error) { end_request(id, &error); }

void Scheduler::fail_all(const Error& error) {
  for (; num_in_flight_ > 0; --num_in_flight_) {
    for (const InFlightItem& item : in_flight_[first_in_flight_].items) {
      --item.sequence->num_steps_in_flight;
      if (item.samples) --item.sequence->num_promised;
    }
    first_in_flight_ = (first_in_flight_ + 1) % in_flight_.size();
  }
  const std::vector<Sequence*> holders = holders_;
  for (Sequence* sequence : holders) {
    if (sequence->state != Sequence::State::kDraining) continue;
    release(*sequence);
    sequence->state = Sequence::State::kDone;
    forget_if_done(*sequence->request);
  }
  while (!requests_.empty()) end_request(requests_.begin()->first, &error);
}

void Scheduler::expire_deadlines() {
  const Nanos now = clock_.now();
  const Error error = make_error(ErrorCode::kDeadlineExceeded, "The request ran past its deadline and was stopped.");
  for (auto it = requests_.begin(); it != requests_.end();) {
    const Request& request = *it->second;
    ++it;  // end_request() may take the request out
    if (request.request->deadline != 0 && request.request->deadline <= now) end_request(request.id, &error);
  }
}

void Scheduler::commit(const StepResult& result, std::vector<TokenEvent>& events) {
  CHECK(num_in_flight_ > 0);
  const InFlightStep& step = in_flight_[first_in_flight_];
  CHECK(result.step == step.step && result.items.size() == step.items.size());
  for (size_t i = 0; i < step.items.size(); ++i) commit_item(step.items[i], result.items[i]);
  first_in_flight_ = (first_in_flight_ + 1) % in_flight_.size();
  --num_in_flight_;
  DCHECK(check_integrity());
  take_events(events);
}

void Scheduler::take_events(std::vector<TokenEvent>& events) {
  std::move(events_.begin(), events_.end(), std::back_inserter(events));
  events_.clear();
}

void Scheduler::commit_item(const InFlightItem& item, const ItemResult& result) {
  Sequence& sequence = *item.sequence;
  CHECK(result.sequence == sequence.id);
  --sequence.num_steps_in_flight;
  if (item.samples) --sequence.num_promised;
  if (sequence.state == Sequence::State::kDraining) {
    counters_.surplus_tokens += item.num_tokens;
    if (sequence.num_steps_in_flight > 0) return;
    release(sequence);
    sequence.state = Sequence::State::kDone;
    forget_if_done(*sequence.request);
  } else if (result.failed) {
    const Error error = failure_of(result, sequence.num_committed + item.num_tokens - 1);
    end_request(sequence.request->id, &error);
  } else {
    commit_tokens(sequence, item, result);
  }
}

void Scheduler::commit_tokens(Sequence& sequence, const InFlightItem& item, const ItemResult& result) {
  Request& request = *sequence.request;
  const int32_t start = sequence.num_committed;
  sequence.num_committed += item.num_tokens;
  cache_.commit(sequence.pages, sequence.tokens, sequence.num_committed);

  const int32_t again = std::clamp(sequence.num_once_computed - start, 0, item.num_tokens);
  counters_.recomputed_tokens += again;
  sequence.num_once_computed = std::max(sequence.num_once_computed, sequence.num_committed);
  counters_.prompt_tokens_computed += std::max(
      0, std::min(sequence.num_committed, request.num_prompt()) - std::min(start + again, request.num_prompt()));
  if (sequence.num_committed >= request.num_prompt()) sequence.prompt_was_computed = true;

  bool ends = false;
  TokenEvent event = make_event(sequence);
  take_prompt_logprobs(sequence, start, result, event);
  if (item.samples) {
    CHECK(result.tokens.size() == 1);
    ends = append_token(sequence, result.tokens.front(), event);
  }
  if (item.samples || !event.prompt_logprobs.empty()) {
    sequence.sent_first_event = true;
    events_.push_back(std::move(event));
  }
  if (ends) {
    end_sequence(sequence);
    forget_if_done(request);
  } else if (sequence.state == Sequence::State::kPreempting && sequence.num_steps_in_flight == 0) {
    preempt(sequence);
  }
}

// True when the sequence ends with this token. The sampler masks stop tokens before min_tokens, so one that comes then
// is no stop, but where a grammar leaves nothing else.
bool Scheduler::append_token(Sequence& sequence, const SampledToken& token, TokenEvent& event) {
  const ValidatedRequest& request = sequence.request->request;
  sequence.tokens.push_back(token.token);
  ++counters_.output_tokens;
  event.token = token;
  const int32_t num_outputs = static_cast<int32_t>(sequence.tokens.size()) - sequence.request->num_prompt();
  const bool may_stop = num_outputs > request->min_tokens || request->constraint != nullptr;
  if (may_stop && request.is_stop_token(token.token)) {
    event.finish = FinishReason::kStop;
  } else if (num_outputs == request->max_tokens) {
    event.finish = FinishReason::kLength;
  }
  return event.finish != FinishReason::kNone;
}

// The executor gives that of the next token of the prompt after each token of the step, so the first is of start + 1;
// those that a preemption made it compute again were sent before.
void Scheduler::take_prompt_logprobs(Sequence& sequence, int32_t start, const ItemResult& result, TokenEvent& event) {
  if (!sequence.request->request->prompt_logprobs) return;
  int32_t position = start + 1;
  for (const SampledToken& token : result.prompt_logprobs) {
    if (position++ <= sequence.num_prompt_logprobs_sent) continue;
    event.prompt_logprobs.push_back(token);
    ++sequence.num_prompt_logprobs_sent;
  }
}

void Scheduler::end_request(RequestId id, const Error* error) {
  const auto it = requests_.find(id);
  if (it == requests_.end()) return;
  Request& request = *it->second;
  bool was_open = false;
  for (const auto& sequence : request.sequences) {
    if (sequence->state == Sequence::State::kDraining || sequence->state == Sequence::State::kDone) continue;
    was_open = true;
    if (error == nullptr) {
      abort_sequence(*sequence);
    } else {
      end_sequence(*sequence);
    }
  }
  if (was_open && error != nullptr) {
    events_.push_back({.request = id, .error = *error, .time = clock_.now()});
  }
  forget_if_done(request);
}

void Scheduler::abort_sequence(Sequence& sequence) {
  TokenEvent event = make_event(sequence);
  event.finish = FinishReason::kAbort;
  events_.push_back(std::move(event));
  end_sequence(sequence);
}

void Scheduler::end_sequence(Sequence& sequence) {
  if (sequence.num_steps_in_flight > 0) {
    sequence.state = Sequence::State::kDraining;
    return;
  }
  if (sequence.holds_row()) {
    release(sequence);
  } else {
    waiting_.erase(&sequence);
  }
  sequence.state = Sequence::State::kDone;
}

void Scheduler::release(Sequence& sequence) {
  cache_.release(sequence.pages);
  row_used_[static_cast<size_t>(sequence.row)] = false;
  freed_rows_.push_back(sequence.row);
  sequence.row = -1;
  sequence.reserved = false;
  holders_.erase(std::find(holders_.begin(), holders_.end(), &sequence));
}

void Scheduler::forget_if_done(Request& request) {
  for (const auto& sequence : request.sequences) {
    if (sequence->state != Sequence::State::kDone) return;
  }
  requests_.erase(request.id);
}

TokenEvent Scheduler::make_event(Sequence& sequence) {
  TokenEvent event{.request = sequence.request->id, .choice = sequence.choice, .time = clock_.now()};
  if (!sequence.sent_first_event) event.num_cached_tokens = sequence.num_cached_tokens;
  return event;
}

SchedulerStats Scheduler::stats() const {
  SchedulerStats stats;
  stats.num_running = static_cast<int32_t>(holders_.size());
  stats.num_waiting = static_cast<int32_t>(waiting_.size());
  for (const auto& [id, request] : requests_) {
    if (request->has_started()) continue;
    ++stats.num_waiting_requests;
    stats.num_waiting_prompt_tokens += request->num_prompt();
  }
  for (size_t g = 0; g < cache_.num_groups(); ++g) {
    const PagePool& pool = cache_.pool(g);
    stats.groups.push_back(
        {pool.num_pages(), pool.num_in_use(), pool.num_evictable(), pool.num_free(), pool.num_evictions()});
  }
  stats.counters = counters_;
  return stats;
}

}  // namespace weft
