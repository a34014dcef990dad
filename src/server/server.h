// The server as `weft serve` uses it: listens at once, answers probes while the model loads, then serves it; drains on
// demand. All members may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "frontend/text_service.h"
#include "server/metrics/engine_metrics.h"
#include "server/server_config.h"

namespace weft {

enum class ServiceHealth { kOk, kStalled, kDead };

class Server {
 public:
  explicit Server(ServerConfig config);
  ~Server();  // stop()

  // Checks the configuration, binds and serves; the error says which setting to change.
  Status start();
  uint16_t port() const;    // bound, also when port 0 was asked for; from start() on
  std::string url() const;  // "http://127.0.0.1:8000"

  // The model is loaded: from now on /ready says so and requests are served.
  void set_service(std::shared_ptr<TextService> service);
  // Called at each scrape of /metrics, on a server thread: must not wait for the engine.
  void set_engine_metrics(std::function<EngineMetrics()> source);
  // Called at each probe, on a server thread: must not wait for the engine.
  void set_service_health(std::function<ServiceHealth()> source);

  // /ready turns to 503 at once and new work is refused. Answers in progress have `grace` to end; then they get an
  // error event. Returns at once.
  void begin_drain(std::chrono::milliseconds grace);
  // After begin_drain(): waits for the answers in progress. True when all of them ended by themselves.
  bool wait_drained();

  // Closes everything. Requests still running are cancelled. Idempotent.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
