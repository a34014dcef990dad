#include <exception>
#include <random>
#include <utility>

#include "base/log.h"
#include "base/rng.h"
#include "frontend/answer_plan.h"
#include "frontend/prepare.h"
#include "frontend/text_service_impl.h"
#include "frontend/text_stream.h"

namespace weft {

struct TextServiceImpl::Live {
  RequestId id = 0;
  TextListener listener;
  Nanos deadline = 0;
  std::atomic<bool> waits = true;       // counted in num_waiting_
  std::atomic<bool> cancelled = false;  // set with `delivery` held
  std::recursive_mutex delivery;        // held while the listener runs; recursive: a listener may cancel

  std::mutex inbox_mutex;  // of the two below
  std::vector<TokenEvent> inbox;
  bool scheduled = true;  // a task for this request is queued or running; the first is queued by submit()

  // Of that task.
  TextRequest request;  // moved into the stream by prepare()
  std::unique_ptr<TextStream> stream;
  bool told_engine = false;  // that nobody wants the rest
};

Result<std::unique_ptr<TextServiceImpl>> TextServiceImpl::make(TextServiceConfig config, TextModel model,
                                                               std::unique_ptr<Executor> executor, const Clock& clock) {
  EngineConfig engine_config{
      .scheduler = config.scheduler, .vocab_size = model.limits.vocab_size, .num_mask_threads = 1};
  std::unique_ptr<TextServiceImpl> service(new TextServiceImpl(std::move(config), std::move(model), clock));
  EngineListener listener{
      .on_events = [self =
                        service.get()](std::vector<TokenEvent> events) { self->on_engine_events(std::move(events)); },
      .on_failure = service->config_.on_failure};
  TRY_ASSIGN(service->engine_, Engine::make(engine_config, std::move(executor), clock, std::move(listener)));
  service->engine_->start();
  return service;
}

TextServiceImpl::TextServiceImpl(TextServiceConfig config, TextModel model, const Clock& clock)
    : config_(std::move(config)),
      model_(std::make_shared<const TextModel>(std::move(model))),
      clock_(clock),
      seed_base_(config_.seed_base ? *config_.seed_base : std::random_device()()),
      pool_(config_.num_threads) {}

TextServiceImpl::~TextServiceImpl() {
  if (engine_) engine_->stop();
  pool_.finish();
}

Status TextServiceImpl::check_open() const {
  switch (engine_->health().state) {
    case EngineState::kOk:
      return {};
    case EngineState::kDraining:
      return make_error(ErrorCode::kDraining, "The server is shutting down. Send the request to another replica.");
    case EngineState::kFailed:
      break;
  }
  return make_error(ErrorCode::kInternalError, "The engine has stopped after a failure of its device.");
}

// The slot is taken before any work (I13).
Status TextServiceImpl::count_waiting() {
  if (num_waiting_.fetch_add(1) < config_.max_waiting_requests) return {};
  --num_waiting_;
  return make_error(ErrorCode::kQueueFull, "{} requests are waiting, which is this server's limit. Try again later.",
                    config_.max_waiting_requests);
}

template <class T>
Status TextServiceImpl::run_once(std::function<Result<T>()> work, std::function<void(Result<T>)> listener) {
  TRY(check_open());
  TRY(count_waiting());
  pool_.post([this, work = std::move(work), listener = std::move(listener)] {
    Result<T> result = make_error(ErrorCode::kInternalError, "The text could not be processed.");
    try {
      result = work();
    } catch (const std::exception& exception) {  // std::bad_alloc on a hostile text must not end the process
      LOG(error, "A text could not be processed: {}", exception.what());
    }
    --num_waiting_;
    listener(std::move(result));
  });
  return {};
}

Status TextServiceImpl::tokenize(TokenizeRequest request, TokenizedListener listener) {
  auto work = [model = model_, request = std::move(request)] { return tokenize_prompt(*model, request); };
  return run_once<Tokenized>(std::move(work), std::move(listener));
}

Status TextServiceImpl::detokenize(std::vector<int64_t> ids, bool skip_special_tokens, DetokenizedListener listener) {
  auto work = [model = model_, ids = std::move(ids), skip_special_tokens] {
    return detokenize_ids(*model, ids, skip_special_tokens);
  };
  return run_once<std::string>(std::move(work), std::move(listener));
}

Result<RequestId> TextServiceImpl::submit(TextRequest request, TextListener listener) {
  TRY(check_open());
  TRY(count_waiting());
  auto live = std::make_shared<Live>();
  live->id = next_id_++;
  live->listener = std::move(listener);
  live->deadline = config_.request_timeout > 0 ? clock_.now() + config_.request_timeout : 0;
  live->request = std::move(request);
  {
    std::lock_guard lock(table_mutex_);
    table_.emplace(live->id, live);
  }
  pool_.post([this, live] { work(live); });
  return live->id;
}

void TextServiceImpl::cancel(RequestId id) {
  LivePtr live;
  {
    std::lock_guard lock(table_mutex_);
    auto it = table_.find(id);
    if (it == table_.end()) return;
    live = it->second;
  }
  {
    std::lock_guard lock(live->delivery);
    live->cancelled = true;
  }
  engine_->cancel(id);  // unknown there yet: prepare() sees the flag
}

Result<std::vector<TokenId>> TextServiceImpl::prompt_ids(const TextRequest& request) const {
  TRY_ASSIGN(PreparedPrompt prompt, make_prompt(*model_, request));
  return std::move(prompt.ids);
}

void TextServiceImpl::wait_until_empty() {
  {
    std::unique_lock lock(table_mutex_);
    table_emptied_.wait(lock, [this] { return table_.empty(); });
  }
  engine_->wait_until_empty();  // it forgets a request just after its last event
}

// On the engine thread: sorts the events into the inboxes and leaves.
void TextServiceImpl::on_engine_events(std::vector<TokenEvent> events) {
  for (TokenEvent& event : events) {
    LivePtr live;
    {
      std::lock_guard lock(table_mutex_);
      auto it = table_.find(event.request);
      CHECK(it != table_.end());  // leaves only by finish(), after the engine's last event
      live = it->second;
    }
    stop_waiting(*live);
    std::lock_guard lock(live->inbox_mutex);
    live->inbox.push_back(std::move(event));
    if (!std::exchange(live->scheduled, true)) pool_.post([this, live] { work(live); });
  }
}

void TextServiceImpl::work(const LivePtr& live) {
  if (live->stream == nullptr) {
    if (Status prepared = prepare(*live); !prepared) {
      deliver(*live, {prepared.error()});
      finish(*live);
      return;
    }
  }
  std::vector<TokenEvent> events;
  {
    std::lock_guard lock(live->inbox_mutex);
    events.swap(live->inbox);
  }
  std::vector<TextEvent> out;
  for (const TokenEvent& event : events) live->stream->feed(event, out);
  if (!out.empty()) deliver(*live, std::move(out));
  if (live->stream->engine_done()) {
    finish(*live);
    return;
  }
  std::vector<int32_t> stopped = live->stream->take_stopped_choices();
  if (live->stream->client_done()) {
    if (!std::exchange(live->told_engine, true)) engine_->cancel(live->id);
  } else {
    for (int32_t choice : stopped) engine_->cancel_choice(live->id, choice);
  }
  std::lock_guard lock(live->inbox_mutex);
  live->scheduled = !live->inbox.empty();
  if (live->scheduled) pool_.post([this, live] { work(live); });  // behind the others
}

// Any error ends the request; one that was cancelled meanwhile needs none that is read.
Status TextServiceImpl::prepare(Live& live) {
  if (live.cancelled) return make_error(ErrorCode::kCancelled, "The request was cancelled.");
  try {
    ParallelFor parallel_for = [this](size_t count, const std::function<void(size_t)>& run) {
      pool_.parallel_for(count, run);
    };
    TRY_ASSIGN(PreparedPrompt prompt, make_prompt(*model_, live.request, parallel_for));
    uint64_t own_seed = mix64(seed_base_ + live.id);
    uint64_t seed = live.request.seed ? static_cast<uint64_t>(*live.request.seed) : own_seed;
    TRY_ASSIGN(AnswerPlan plan, plan_answer(*model_, live.request, prompt.chat, mix64(own_seed)));
    TRY_ASSIGN(ValidatedRequest request,
               make_validated(*model_, live.request, std::move(prompt.ids), seed, live.deadline, plan.constraint));
    if (plan.constraint != nullptr) live.request.stop.clear();  // see make_validated()
    live.stream = std::make_unique<TextStream>(model_, std::move(live.request), request, std::move(plan));
    TRY(engine_->submit(live.id, std::move(request)));
  } catch (const std::exception&) {  // std::bad_alloc on a hostile prompt must not end the process
    return make_error(ErrorCode::kInternalError, "The prompt could not be processed.");
  }
  if (live.cancelled) engine_->cancel(live.id);
  return {};
}

void TextServiceImpl::deliver(Live& live, std::vector<TextEvent> events) {
  std::lock_guard lock(live.delivery);
  if (!live.cancelled) live.listener(std::move(events));
}

void TextServiceImpl::finish(Live& live) {
  stop_waiting(live);
  std::lock_guard lock(table_mutex_);
  table_.erase(live.id);
  if (table_.empty()) table_emptied_.notify_all();
}

void TextServiceImpl::stop_waiting(Live& live) {
  if (live.waits.exchange(false)) --num_waiting_;
}

}  // namespace weft
