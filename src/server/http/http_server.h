// The HTTP layer as a whole: reactors, listener, sessions, drain. Knows routes, not protocols.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/status.h"
#include "server/http/http_config.h"
#include "server/http/http_context.h"
#include "server/http/router.h"

namespace weft {

class HttpServer {
 public:
  HttpServer(const HttpConfig& config, std::vector<Route> routes, RequestObserver observer);
  ~HttpServer();  // stop()

  Status start();
  uint16_t port() const;

  // Any thread, also a signal-watching one. From now on inference is refused and idle connections are closed; answers
  // in progress go on. After `grace` those still going are ended with an error.
  void begin_drain(std::chrono::milliseconds grace);
  bool draining() const;

  // Waits until nothing is in progress any more after begin_drain(); true when all ended by themselves.
  bool wait_drained();

  // Closes everything and joins the threads. Idempotent.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
