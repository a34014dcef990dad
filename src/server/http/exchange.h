// One request and the place for its answer. A handler keeps the pointer as long as it needs it; the session on the
// other side may be gone by then, in which case output goes nowhere and nothing breaks.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "server/http/message.h"

namespace weft {

enum class Abandoned {
  kClientGone,     // closed or reset the connection
  kSlowReader,     // took no byte for too long, or left too many waiting
  kDeadline,       // HttpLimits::request_timeout has passed: say so and end the answer
  kDrainDeadline,  // the server stops: say so and end the answer
};

// All members except post() are called on the exchange's own reactor thread only; handlers start there.
class Exchange {
 public:
  virtual ~Exchange() = default;

  const HttpRequest& request() const { return request_; }
  // The body's bytes are moved out; a handler that parses them elsewhere takes them along.
  std::string take_body() { return std::move(request_.body); }

  // The whole answer. Exactly one of respond() and begin_stream() is called, once.
  virtual void respond(HttpResponse response) = 0;

  // Starts an answer of unknown length: write() as often as wanted, then end_stream().
  virtual void begin_stream(std::string_view content_type) = 0;
  virtual void write(std::string_view bytes) = 0;
  // keep_alive = false closes the connection after the last byte.
  virtual void end_stream(bool keep_alive) = 0;

  // What to do when the answer is not wanted any more; at most one call, never after the answer has ended.
  virtual void on_abandoned(std::function<void(Abandoned)> callback) = 0;

  // Any thread: runs `task` on the exchange's reactor, in the order of the calls. Dropped when the server has stopped.
  virtual void post(std::function<void()> task) = 0;
  // Reactor thread: runs `task` on a worker thread; false when too many wait already.
  virtual bool run_on_worker(std::function<void()> task) = 0;

 protected:
  explicit Exchange(HttpRequest request) : request_(std::move(request)) {}
  HttpRequest request_;
};

using ExchangePtr = std::shared_ptr<Exchange>;
using Handler = std::function<void(ExchangePtr)>;

}  // namespace weft
