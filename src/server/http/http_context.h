// What all sessions of a server share. Immutable but for the counters; any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/http/api_keys.h"
#include "server/http/http_config.h"
#include "server/http/router.h"
#include "server/http/worker_pool.h"

namespace weft {

// Called once per answered request: the route's path ("none" for an unknown one), method, status.
using RequestObserver = std::function<void(std::string_view handler, std::string_view method, int status)>;

struct HttpContext {
  HttpContext(const HttpConfig& config_in, std::vector<Route> routes, RequestObserver observer_in);

  // Admission of a request that generates: kDraining, kRateLimitExceeded. Each success is paid back by release().
  Status acquire(std::optional<size_t> key);
  void release(std::optional<size_t> key);

  // Whether a Host header may reach this server; see HttpConfig::allowed_hosts.
  bool is_allowed_host(std::string_view host) const;

  const HttpConfig config;
  const Router router;
  const ApiKeys keys;
  const RequestObserver observer;
  WorkerPool workers;
  std::atomic<bool> draining = false;
  std::atomic<bool> stopping = false;
  std::atomic<int32_t> num_connections = 0;
  std::atomic<int32_t> num_generating = 0;
  std::vector<std::atomic<int32_t>> num_generating_of_key;
};

}  // namespace weft
