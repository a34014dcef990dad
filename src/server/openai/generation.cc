#include "server/openai/generation.h"

#include <algorithm>

#include "base/log.h"
#include "server/http/error_table.h"
#include "server/http/sse.h"

namespace weft {
namespace {

// Parsing this much JSON takes the reactor well below a millisecond; larger bodies go to a worker (I15).
constexpr size_t kInlineBodyBytes = 64 << 10;

// Lives on the exchange's reactor thread; kept alive by the listeners at the text service and by the exchange.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  Generation(ExchangePtr exchange, std::shared_ptr<const OpenAiContext> context, std::shared_ptr<TextService> service)
      : exchange_(std::move(exchange)),
        context_(std::move(context)),
        service_(std::move(service)),
        observation_(context_->metrics->begin_request()) {}

  void watch_client() {
    exchange_->on_abandoned([self = shared_from_this()](Abandoned why) { self->on_abandoned(why); });
  }

  void start(PreparedGeneration prepared);
  void fail(Error error);

 private:
  void on_events(size_t prompt, std::vector<TextEvent> events);
  void on_event(size_t prompt, TextEvent& event, std::string& out);
  void on_end(const Usage& usage, std::string& out);
  void on_abandoned(Abandoned why);
  void finish();
  void send(std::string_view bytes);

  ExchangePtr exchange_;
  std::shared_ptr<const OpenAiContext> context_;
  std::shared_ptr<TextService> service_;
  RequestObservation observation_;
  PreparedGeneration prepared_;
  std::vector<RequestId> ids_;  // of the prompts submitted
  size_t num_ended_ = 0;
  Usage usage_;
  bool streaming_ = false;  // the answer's first byte is out
  bool done_ = false;
};

void Generation::start(PreparedGeneration prepared) {
  if (done_) return;  // the client left while the body was parsed
  prepared_ = std::move(prepared);
  const TextRequest& first = prepared_.requests.front();
  observation_.on_submit(first.n, first.max_tokens ? first.max_tokens : first.default_max_tokens,
                         prepared_.requests.size());
  for (size_t prompt = 0; prompt < prepared_.requests.size(); ++prompt) {
    auto listener = [self = shared_from_this(), prompt](std::vector<TextEvent> events) {
      self->exchange_->post(
          [self, prompt, events = std::move(events)]() mutable { self->on_events(prompt, std::move(events)); });
    };
    Result<RequestId> id = service_->submit(std::move(prepared_.requests[prompt]), std::move(listener));
    if (!id) return fail(std::move(id).take_error());
    ids_.push_back(*id);
  }
}

void Generation::on_events(size_t prompt, std::vector<TextEvent> events) {
  std::string out;
  for (TextEvent& event : events) {
    if (done_) return;
    on_event(prompt, event, out);
  }
  if (!done_) send(out);
}

void Generation::on_event(size_t prompt, TextEvent& event, std::string& out) {
  if (auto* start = std::get_if<TextStart>(&event)) {
    observation_.on_start(static_cast<int64_t>(start->prompt_ids.size()));
    prepared_.writer->on_start(prompt, std::move(*start));
  } else if (auto* delta = std::get_if<TextDelta>(&event)) {
    observation_.on_delta(prompt, *delta);
    prepared_.writer->on_delta(prompt, *delta, out);
  } else if (auto* end = std::get_if<TextEnd>(&event)) {
    on_end(end->usage, out);
  } else {
    send(out);
    out.clear();
    fail(std::get<Error>(std::move(event)));
  }
}

void Generation::on_end(const Usage& usage, std::string& out) {
  usage_.prompt_tokens += usage.prompt_tokens;
  usage_.completion_tokens += usage.completion_tokens;
  usage_.cached_tokens += usage.cached_tokens;
  usage_.reasoning_tokens += usage.reasoning_tokens;
  observation_.on_end(usage);
  if (++num_ended_ < prepared_.requests.size()) return;
  ids_.clear();  // all have ended
  finish();
  prepared_.writer->finish(usage_, out);
  if (prepared_.stream) {
    send(out);
    exchange_->end_stream(true);
  } else {
    exchange_->respond({.body = std::move(out)});
  }
}

void Generation::send(std::string_view bytes) {
  if (bytes.empty() || !prepared_.stream) return;
  if (!std::exchange(streaming_, true)) exchange_->begin_stream(kSseContentType);
  exchange_->write(bytes);
}

// Before the first byte an error is an HTTP status; after it, an event in place of the rest (no [DONE]).
void Generation::fail(Error error) {
  if (done_) return;
  finish();
  constexpr int kServerFault = 500;  // refused requests never ran: they are not among the finished ones
  if (http_error(error.code).status == kServerFault) observation_.on_error();
  for (const auto& [theirs, ours] : prepared_.field_names) {
    if (error.param != theirs) continue;
    if (error.message.starts_with(theirs)) error.message.replace(0, theirs.size(), ours);
    error.param = ours;
    break;
  }
  if (!streaming_) return exchange_->respond(error_response(error));
  std::string out;
  append_sse(out, error_body(error));
  exchange_->write(out);
  exchange_->end_stream(false);
}

void Generation::on_abandoned(Abandoned why) {
  switch (why) {
    case Abandoned::kDeadline:
      return fail(make_error(ErrorCode::kDeadlineExceeded, "The request took longer than this server allows."));
    case Abandoned::kDrainDeadline:
      return fail(make_error(ErrorCode::kDraining, "The server shut down before the answer was complete."));
    case Abandoned::kClientGone:
    case Abandoned::kSlowReader:
      if (done_) return;
      finish();
      observation_.on_abort();
      return;
  }
}

// Cancels what still runs and lets go of the service: its threads hold us, and must not be the ones to end it.
void Generation::finish() {
  done_ = true;
  for (RequestId id : ids_) service_->cancel(id);
  service_.reset();
}

}  // namespace

Handler generation_handler(std::shared_ptr<const OpenAiContext> context, PrepareGeneration prepare) {
  return [context = std::move(context), prepare = std::move(prepare)](ExchangePtr exchange) {
    std::shared_ptr<TextService> service = context->service();
    if (service == nullptr) {
      return exchange->respond(
          error_response(make_error(ErrorCode::kModelLoading, "The model is still loading; try again in a moment.")));
    }
    auto generation = std::make_shared<Generation>(exchange, context, std::move(service));
    generation->watch_client();
    auto finish = [generation](Result<PreparedGeneration> prepared) {
      if (!prepared) return generation->fail(std::move(prepared).take_error());
      generation->start(std::move(*prepared));
    };
    std::string body = exchange->take_body();
    const std::string& request_id = exchange->request().request_id;
    if (body.size() <= kInlineBodyBytes) return finish(prepare(*context, body, request_id));
    auto parse = [context, prepare, exchange, finish, request_id, body = std::move(body)] {
      auto prepared = std::make_shared<Result<PreparedGeneration>>(
          make_error(ErrorCode::kResourceExhausted, "There is no memory for a request of this size now."));
      try {
        *prepared = prepare(*context, body, request_id);
      } catch (const std::exception& exception) {
        LOG(error, "A request body could not be parsed: {}", exception.what());
      }
      exchange->post([finish, prepared] { finish(std::move(*prepared)); });
    };
    if (!exchange->run_on_worker(std::move(parse))) {
      generation->fail(make_error(ErrorCode::kQueueFull, "Too many large requests are being read; try again later."));
    }
  };
}

Result<std::string> find_model(const OpenAiContext& context, const std::string& name) {
  if (name.empty()) return context.model_names.front();
  if (std::find(context.model_names.begin(), context.model_names.end(), name) != context.model_names.end()) return name;
  Error error =
      make_error(ErrorCode::kModelNotFound,
                 "The model '{}' is not served here. GET /v1/models lists the models that are.", name.substr(0, 128));
  error.param = "model";
  return error;
}

}  // namespace weft
