// What /metrics tells, in Prometheus' text format and under vLLM's names (with their deprecated aliases), so that the
// dashboards and routers made for vLLM read it. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "frontend/text_request.h"
#include "server/metrics/engine_metrics.h"

namespace prometheus {
class Counter;
class Histogram;
template <class T>
class Family;
class Registry;
}  // namespace prometheus

namespace weft {

class RequestObservation;

class Metrics : public std::enable_shared_from_this<Metrics> {
 public:
  static std::shared_ptr<Metrics> create(std::string model_name);
  ~Metrics();

  // Called at each scrape, on a reactor thread: must be quick and must not wait for the engine.
  void set_engine_metrics(std::function<EngineMetrics()> source);

  RequestObservation begin_request();
  void count_http_request(std::string_view handler, std::string_view method, int status);

  std::string render() const;

 private:
  friend class RequestObservation;
  struct Histograms;

  explicit Metrics(std::string model_name);
  void count_finished(std::string_view reason);

  const std::string model_name_;
  SteadyClock clock_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<Histograms> histograms_;
  prometheus::Family<prometheus::Counter>* http_requests_;
  prometheus::Family<prometheus::Counter>* finished_;
  mutable std::mutex mutex_;
  std::function<EngineMetrics()> engine_metrics_;  // under mutex_
};

// Watches one HTTP request's events and feeds the histograms. Used by one thread at a time.
class RequestObservation {
 public:
  explicit RequestObservation(std::shared_ptr<Metrics> metrics);

  void on_submit(int64_t n, std::optional<int64_t> max_tokens, size_t num_prompts);
  void on_start(int64_t num_prompt_tokens);
  void on_delta(size_t prompt, const TextDelta& delta);
  void on_end(const Usage& usage);  // of one prompt
  void on_error();
  void on_abort();

 private:
  std::shared_ptr<Metrics> metrics_;
  Nanos arrived_ = 0;
  Nanos first_token_ = 0;                                   // 0: not yet
  std::map<std::pair<size_t, int32_t>, Nanos> last_token_;  // by prompt and choice
};

}  // namespace weft
