// The last word of a step: its events go to the listener, requests that have ended are forgotten, statistics are
// copied.
#include "engine/engine.h"

namespace weft {

void Engine::publish() {
  ended_.clear();
  Nanos now = clock_.now();
  for (TokenEvent& event : events_) {
    event.time = now;
    count(event);
  }
  copy_stats();
  if (events_.empty()) return;
  if (listener_.on_events) listener_.on_events(std::move(events_));
  events_.clear();
  mailbox_.forget(ended_);  // last: wait_until_empty() promises that every event has been delivered
}

// A request ends with an error, or with the terminal event of its last choice.
void Engine::count(const TokenEvent& event) {
  auto request = choices_left_.find(event.request);
  CHECK(request != choices_left_.end());
  if (event.error) {
    ++tally_.num_failed;
    request->second = 0;
  } else if (event.finish != FinishReason::kNone) {
    tally_.num_stopped += event.finish == FinishReason::kStop ? 1 : 0;
    tally_.num_length += event.finish == FinishReason::kLength ? 1 : 0;
    tally_.num_aborted += event.finish == FinishReason::kAbort ? 1 : 0;
    --request->second;
  }
  if (request->second > 0) return;
  ended_.push_back(event.request);
  choices_left_.erase(request);
}

void Engine::copy_stats() {
  tally_.scheduler = scheduler_.stats();
  std::lock_guard lock(stats_mutex_);
  stats_ = tally_;
}

EngineStats Engine::stats() const {
  std::lock_guard lock(stats_mutex_);
  return stats_;
}

}  // namespace weft
