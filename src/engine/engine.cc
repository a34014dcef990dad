#include "engine/engine.h"

#include <exception>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace weft {
namespace {

Error draining_error() {
  return make_error(ErrorCode::kDraining, "The server is shutting down. Send the request to another replica.");
}

Error failure_error() {
  return make_error(ErrorCode::kInternalError, "The engine has stopped after a failure of its device.");
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::make(EngineConfig config, std::unique_ptr<Executor> executor,
                                             const Clock& clock, EngineListener listener) {
  config.scheduler.max_steps_in_flight = executor->max_steps_in_flight();
  TRY(config.scheduler.validate());
  return std::unique_ptr<Engine>(new Engine(config, std::move(executor), clock, std::move(listener)));
}

Engine::Engine(const EngineConfig& config, std::unique_ptr<Executor> executor, const Clock& clock,
               EngineListener listener)
    : clock_(clock),
      listener_(std::move(listener)),
      executor_(std::move(executor)),
      scheduler_(config.scheduler, executor_->cache_spec(),
                 {executor_->num_pages().begin(), executor_->num_pages().end()}, clock),
      constraints_(config.vocab_size, config.num_mask_threads),
      // The scheduler holds no more than this: its waiting requests and one request for each running sequence.
      mailbox_(config.scheduler.max_waiting_requests + static_cast<size_t>(config.scheduler.max_num_seqs)),
      last_turn_(clock.now()),
      last_progress_(clock.now()) {
  copy_stats();
}

Engine::~Engine() { stop(); }

Status Engine::submit(RequestId id, ValidatedRequest request) {
  // An engine that has been idle for long has not been hanging: its time without progress counts from here.
  if (mailbox_.num_known() == 0) last_progress_ = clock_.now();
  return mailbox_.post_request(id, std::move(request));
}

void Engine::cancel(RequestId id) { mailbox_.post_cancel(id); }
void Engine::cancel_choice(RequestId id, int32_t choice) { mailbox_.post_cancel_choice(id, choice); }

void Engine::start() {
  CHECK(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void Engine::drain(Nanos deadline) {
  drain_deadline_ = deadline;
  EngineState ok = EngineState::kOk;
  if (state_.compare_exchange_strong(ok, EngineState::kDraining)) mailbox_.close(draining_error());
  mailbox_.wake();
}

void Engine::stop() {
  if (state_ != EngineState::kFailed) mailbox_.close(draining_error());  // else it is closed, with the better reason
  stop_requested_ = true;
  mailbox_.wake();
  if (thread_.joinable()) thread_.join();
  if (state_ != EngineState::kFailed) end_all(draining_error());
}

EngineHealth Engine::health() const {
  return {
      .state = state_, .num_requests = mailbox_.num_known(), .last_turn = last_turn_, .last_progress = last_progress_};
}

void Engine::run() {
  // The one place where a defect below may not take the process down without a word to those who wait.
  try {
    while (!stop_requested_ && state_ != EngineState::kFailed) {
      if (!step()) mailbox_.wait();
    }
  } catch (const std::exception& exception) {
    fail(make_error(ErrorCode::kInternalError, "The engine loop threw: {}.", exception.what()));
  }
}

bool Engine::step() {
  last_turn_ = clock_.now();
  admit();
  end_drained();
  bool planned = plan();
  if (planned) submit_plan();
  if (in_flight_.empty()) return idle();
  bind_masks();
  if (planned && in_flight_.size() < static_cast<size_t>(executor_->max_steps_in_flight())) return true;

  InFlight oldest = std::move(in_flight_.front());
  in_flight_.pop_front();
  Result<StepResult> result = executor_->collect(oldest.ticket);
  if (!result) {
    fail(result.error());
    return false;
  }
  constraints_.accept(oldest.plan, *result);
  if (!in_flight_.empty()) start_masks();
  scheduler_.commit(*result, events_);
  last_progress_ = clock_.now();
  publish();
  spare_plans_.push_back(std::move(oldest.plan));
  return true;
}

void Engine::admit() {
  mailbox_.take(messages_);
  for (EngineMessage& message : messages_) {
    if (!message.request) {
      if (message.choice < 0) {
        scheduler_.cancel(message.id);
      } else {
        scheduler_.cancel_choice(message.id, message.choice);
      }
      continue;
    }
    choices_left_[message.id] = (*message.request)->n;
    Status admitted = scheduler_.admit(message.id, std::move(*message.request));
    if (!admitted) events_.push_back({.request = message.id, .error = admitted.error()});
  }
}

void Engine::end_drained() {
  if (state_ == EngineState::kDraining && clock_.now() >= drain_deadline_ && !choices_left_.empty()) {
    for (const auto& [id, choices] : choices_left_) scheduler_.fail(id, draining_error());
  }
}

bool Engine::plan() {
  if (!spare_plans_.empty()) {
    plan_ = std::move(spare_plans_.back());
    spare_plans_.pop_back();
  }
  return scheduler_.plan(plan_);
}

void Engine::submit_plan() {
  if (!in_flight_.empty()) bind_masks();  // submit may already need the samples of the step before
  in_flight_.push_back({.ticket = {}, .plan = std::move(plan_)});
  if (in_flight_.size() == 1) start_masks();  // they are made while the forward pass runs
  in_flight_.back().ticket = executor_->submit(in_flight_.back().plan);
}

// Only the oldest step's masks can be made: those of the next need its tokens.
void Engine::start_masks() {
  InFlight& oldest = in_flight_.front();
  if (oldest.masks != InFlight::Masks::kNone) return;
  oldest.masks = InFlight::Masks::kStarted;
  constraints_.start_masks(oldest.plan);
}

void Engine::bind_masks() {
  start_masks();
  InFlight& oldest = in_flight_.front();
  if (std::exchange(oldest.masks, InFlight::Masks::kBound) == InFlight::Masks::kBound) return;
  executor_->bind_masks(oldest.ticket, constraints_.finish_masks());
}

// Nothing is in flight and nothing could be planned.
bool Engine::idle() {
  scheduler_.take_events(events_);
  bool progressed = !events_.empty();
  publish();
  if (!progressed && scheduler_.has_requests()) {  // I11
    fail(make_error(ErrorCode::kInternalError, "The scheduler planned nothing although {} requests wait.",
                    choices_left_.size()));
  }
  return progressed;
}

void Engine::fail(Error error) {
  LOG(error, "engine failed: {}", error.message);
  state_ = EngineState::kFailed;
  end_all(failure_error());
  if (listener_.on_failure) listener_.on_failure(error);
}

void Engine::end_all(const Error& error) {
  mailbox_.close(error);
  admit();
  scheduler_.fail_all(error);
  in_flight_.clear();
  scheduler_.take_events(events_);
  publish();
}

}  // namespace weft
