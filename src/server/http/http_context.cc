#include "server/http/http_context.h"

#include <arpa/inet.h>

#include <algorithm>

namespace weft {
namespace {

// Large bodies wait here for a worker; each holds up to max_body_bytes.
constexpr size_t kMaxWaitingBodies = 64;

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.rfind(':'));
}

bool is_ip_address(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

HttpContext::HttpContext(const HttpConfig& config_in, std::vector<Route> routes, RequestObserver observer_in)
    : config(config_in),
      router(std::move(routes)),
      keys(config_in.api_keys),
      observer(std::move(observer_in)),
      workers(config_in.worker_threads, kMaxWaitingBodies),
      num_generating_of_key(config_in.api_keys.size()) {}

Status HttpContext::acquire(std::optional<size_t> key) {
  num_generating.fetch_add(1);
  if (draining.load()) {
    num_generating.fetch_sub(1);
    return make_error(ErrorCode::kDraining, "The server is shutting down and takes no new requests.");
  }
  if (key && num_generating_of_key[*key].fetch_add(1) >= config.limits.max_streams_per_key) {
    release(key);
    return make_error(ErrorCode::kRateLimitExceeded,
                      "This API key has {} requests in progress, as many as one key may have. Wait for one to end.",
                      config.limits.max_streams_per_key);
  }
  return {};
}

void HttpContext::release(std::optional<size_t> key) {
  if (key) num_generating_of_key[*key].fetch_sub(1);
  num_generating.fetch_sub(1);
}

bool HttpContext::is_allowed_host(std::string_view host) const {
  // A page that rebinds a name has no key, and its browser always names the host.
  if (keys.required() || host.empty()) return true;
  std::string name(without_port(host));
  if (is_ip_address(name) || equal_ignoring_case(name, "localhost") || equal_ignoring_case(name, config.host)) {
    return true;
  }
  return std::any_of(config.allowed_hosts.begin(), config.allowed_hosts.end(),
                     [&](const std::string& allowed) { return equal_ignoring_case(name, allowed); });
}

}  // namespace weft
