#include "server/http/http_server.h"

#include <condition_variable>

#include "server/http/listener.h"
#include "server/http/session.h"

namespace weft {
namespace {

constexpr std::chrono::milliseconds kDrainPoll{5};
constexpr std::chrono::seconds kLastWords{1};  // for the error events of answers that the drain cut off

}  // namespace

struct HttpServer::Impl {
  std::shared_ptr<HttpContext> context;
  std::vector<std::shared_ptr<Reactor>> reactors;
  std::shared_ptr<Listener> listener;
  std::mutex mutex;
  std::chrono::steady_clock::time_point drain_until;  // under mutex
  bool started = false;
  bool stopped = false;

  void for_each_session(std::function<void(Session&)> visit) {
    for (auto& reactor : reactors) {
      reactor->post([reactor, visit] {
        auto sessions = reactor->sessions;  // visiting may end some
        for (Session* session : sessions) {
          if (reactor->sessions.count(session) > 0) visit(*session);
        }
      });
    }
  }

  // Waits until no request generates; false at the time-out.
  bool wait_quiet(std::chrono::steady_clock::time_point until) const {
    while (context->num_generating.load() > 0) {
      if (std::chrono::steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(kDrainPoll);
    }
    return true;
  }
};

HttpServer::HttpServer(const HttpConfig& config, std::vector<Route> routes, RequestObserver observer)
    : impl_(std::make_unique<Impl>()) {
  impl_->context = std::make_shared<HttpContext>(config, std::move(routes), std::move(observer));
  for (int32_t i = 0; i < config.io_threads; ++i) impl_->reactors.push_back(std::make_shared<Reactor>());
  impl_->listener = std::make_shared<Listener>(impl_->reactors, impl_->context);
}

HttpServer::~HttpServer() { stop(); }

Status HttpServer::start() {
  TRY(impl_->listener->open());
  impl_->listener->start();
  for (auto& reactor : impl_->reactors) reactor->start();
  impl_->started = true;
  return {};
}

uint16_t HttpServer::port() const { return impl_->listener->port(); }

bool HttpServer::draining() const { return impl_->context->draining.load(); }

void HttpServer::begin_drain(std::chrono::milliseconds grace) {
  std::lock_guard lock(impl_->mutex);
  if (impl_->context->draining.exchange(true)) return;
  impl_->drain_until = std::chrono::steady_clock::now() + grace;
  impl_->for_each_session([](Session& session) { session.close_if_idle(); });
}

bool HttpServer::wait_drained() {
  std::chrono::steady_clock::time_point until;
  {
    std::lock_guard lock(impl_->mutex);
    until = impl_->drain_until;
  }
  if (impl_->wait_quiet(until)) return true;
  impl_->for_each_session([](Session& session) { session.abandon(Abandoned::kDrainDeadline); });
  impl_->wait_quiet(std::chrono::steady_clock::now() + kLastWords);
  return false;
}

void HttpServer::stop() {
  std::lock_guard lock(impl_->mutex);
  if (std::exchange(impl_->stopped, true)) return;
  if (!impl_->started) return impl_->context->workers.stop();
  impl_->context->draining.store(true);
  impl_->context->stopping.store(true);  // before the visit: a session starts before it and is visited, or not at all
  impl_->reactors.front()->post([listener = impl_->listener] { listener->close(); });
  impl_->for_each_session([](Session& session) { session.close(); });
  impl_->context->workers.stop();
  for (auto& reactor : impl_->reactors) reactor->join();
}

}  // namespace weft
