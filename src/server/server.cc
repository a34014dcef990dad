#include "server/server.h"

#include <ctime>
#include <mutex>

#include "base/json.h"
#include "server/http/http_server.h"
#include "server/metrics/metrics.h"
#include "server/openai/models.h"
#include "server/probes.h"
#include "server/static_assets.h"

namespace weft {
namespace {

constexpr const char* kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

struct Server::Impl {
  explicit Impl(ServerConfig config_in)
      : config(std::move(config_in)),
        metrics(Metrics::create(config.served_model_names.empty() ? "" : config.served_model_names.front())) {}

  std::shared_ptr<TextService> current_service() const {
    std::lock_guard lock(mutex);
    return service;
  }

  ServerState state() const {
    std::lock_guard lock(mutex);
    ServiceHealth engine = health ? health() : ServiceHealth::kOk;
    if (engine == ServiceHealth::kDead) return ServerState::kDead;
    if (engine == ServiceHealth::kStalled) return ServerState::kStalled;
    if (http->draining()) return ServerState::kDraining;
    return service == nullptr ? ServerState::kLoading : ServerState::kOk;
  }

  std::vector<Route> routes();
  std::vector<Route> metrics_routes() const;

  const ServerConfig config;
  const std::shared_ptr<Metrics> metrics;
  std::unique_ptr<HttpServer> http;  // from start() on
  mutable std::mutex mutex;
  std::shared_ptr<TextService> service;   // under mutex
  std::function<ServiceHealth()> health;  // under mutex
};

// On the public listener only where it is no news to strangers; the key guards it unless it was declared public.
std::vector<Route> Server::Impl::metrics_routes() const {
  std::vector<Route> routes;
  if (!config.is_loopback() && !config.public_metrics) return routes;
  Access access = config.public_metrics ? Access::kPublic : Access::kUser;
  for (const char* path : {"/metrics", "/prometheus/metrics"}) {
    routes.push_back({.method = "GET", .path = path, .access = access, .handler = [this](ExchangePtr exchange) {
                        exchange->respond({.content_type = kPrometheusContentType, .body = metrics->render()});
                      }});
  }
  return routes;
}

std::vector<Route> Server::Impl::routes() {
  auto openai = std::make_shared<OpenAiContext>();
  openai->model_names = config.served_model_names;
  openai->created = time(nullptr);
  openai->service = [this] { return current_service(); };
  openai->metrics = metrics;
  openai->trust_request_chat_template = config.trust_request_chat_template;
  std::vector<Route> all = openai_routes(std::move(openai));
  auto add = [&](std::vector<Route> more) {
    for (Route& route : more) all.push_back(std::move(route));
  };
  add(probe_routes([this] { return state(); }));
  add(metrics_routes());
  add(asset_routes(config.assets));
  all.push_back({.method = "GET", .path = "/version", .handler = [this](ExchangePtr exchange) {
                   JsonObject version{{"version", config.version}};
                   exchange->respond({.body = write_json(version)});
                 }});
  return all;
}

Server::Server(ServerConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}

Server::~Server() { stop(); }

Status Server::start() {
  TRY(impl_->config.validate());
  impl_->http = std::make_unique<HttpServer>(
      impl_->config.http, impl_->routes(),
      [metrics = impl_->metrics](std::string_view handler, std::string_view method, int status) {
        metrics->count_http_request(handler, method, status);
      });
  return impl_->http->start();
}

uint16_t Server::port() const { return impl_->http->port(); }

std::string Server::url() const {
  std::string host = impl_->config.http.host;
  if (host == "0.0.0.0" || host == "::") host = "localhost";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return fmt::format("http://{}:{}", host, port());
}

void Server::set_service(std::shared_ptr<TextService> service) {
  std::lock_guard lock(impl_->mutex);
  impl_->service = std::move(service);
}

void Server::set_engine_metrics(std::function<EngineMetrics()> source) {
  impl_->metrics->set_engine_metrics(std::move(source));
}

void Server::set_service_health(std::function<ServiceHealth()> source) {
  std::lock_guard lock(impl_->mutex);
  impl_->health = std::move(source);
}

void Server::begin_drain(std::chrono::milliseconds grace) {
  if (impl_->http != nullptr) impl_->http->begin_drain(grace);
}
bool Server::wait_drained() { return impl_->http == nullptr || impl_->http->wait_drained(); }

void Server::stop() {
  if (impl_->http != nullptr) impl_->http->stop();
}

}  // namespace weft
