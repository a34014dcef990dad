#include "server/http/listener.h"

#include <sys/resource.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/log.h"
#include "server/http/error_table.h"
#include "server/http/session.h"

namespace weft {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr int kBacklog = 4096;
constexpr int32_t kReservedDescriptors = 64;  // for files and the rest of the process
constexpr std::chrono::milliseconds kAcceptPause{100};

int32_t descriptors_for_connections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT32_MAX) return INT32_MAX;
  return std::max<int32_t>(static_cast<int32_t>(limit.rlim_cur) - kReservedDescriptors, 1);
}

Error cannot_listen(const HttpConfig& config, const boost::system::error_code& code) {
  if (code == asio::error::address_in_use) {
    return make_error(ErrorCode::kResourceExhausted,
                      "Port {} on {} is in use by another program. Stop that program, or choose another port with "
                      "--port (0 takes any free one).",
                      config.port, config.host);
  }
  if (code == asio::error::access_denied) {
    return make_error(ErrorCode::kInvalidValue,
                      "Listening on port {} is not permitted to this user. Choose a port above 1023 with --port.",
                      config.port);
  }
  return make_error(ErrorCode::kInvalidValue, "Cannot listen on {} port {}: {}. Check --host and --port.", config.host,
                    config.port, code.message());
}

}  // namespace

Listener::Listener(std::vector<std::shared_ptr<Reactor>> reactors, std::shared_ptr<HttpContext> context)
    : reactors_(std::move(reactors)),
      context_(std::move(context)),
      acceptor_(reactors_.front()->context()),
      max_connections_(std::min(context_->config.limits.max_connections, descriptors_for_connections())) {}

Status Listener::open() {
  const HttpConfig& config = context_->config;
  boost::system::error_code code;
  tcp::resolver resolver(reactors_.front()->context());
  auto found = resolver.resolve(config.host, std::to_string(config.port),
                                tcp::resolver::passive | tcp::resolver::numeric_service, code);
  if (code || found.empty()) {
    return make_error(ErrorCode::kInvalidValue, "The host '{}' has no address to listen on: {}. Check --host.",
                      config.host, code.message());
  }
  tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), code);
  if (!code) acceptor_.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor_.bind(endpoint, code);
  if (!code) acceptor_.listen(kBacklog, code);
  if (code) return cannot_listen(config, code);
  port_ = acceptor_.local_endpoint(code).port();
  return {};
}

void Listener::start() {
  asio::co_spawn(
      reactors_.front()->context(), [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void Listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

asio::awaitable<void> Listener::run() {
  auto self = shared_from_this();
  asio::steady_timer pause(reactors_.front()->context());
  for (size_t next = 0; acceptor_.is_open(); next = (next + 1) % reactors_.size()) {
    std::shared_ptr<Reactor> reactor = reactors_[next];
    auto [error, socket] = co_await acceptor_.async_accept(reactor->context(), kAsTuple);
    if (error == asio::error::operation_aborted) break;
    if (error) {  // no descriptors or memory: they come back when connections end
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    admit(std::move(socket), reactor);
  }
}

void Listener::admit(tcp::socket socket, std::shared_ptr<Reactor> reactor) {
  boost::system::error_code error;
  auto peer = socket.remote_endpoint(error).address();
  if (error) return;
  if (!count_connection(peer)) {
    HttpResponse refusal =
        error_response(make_error(ErrorCode::kQueueFull, "The server has as many connections as it takes."));
    std::string bytes = fmt::format("HTTP/1.1 503 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
                                    reason_phrase(503), refusal.body.size());
    for (const auto& [name, value] : refusal.headers) bytes += name + ": " + value + "\r\n";
    bytes += "Connection: close\r\n\r\n" + refusal.body;
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(bytes), error);
    return;
  }
  auto on_closed = [self = shared_from_this(), peer] { self->forget_connection(peer); };
  // A socket belongs to the reactor that it was accepted for; only that thread may touch it from now on.
  auto session = std::make_shared<Session>(std::move(socket), *reactor, context_, std::move(on_closed));
  if (reactor == reactors_.front()) {
    session->start();
  } else {
    reactor->post([session] { session->start(); });
  }
}

bool Listener::count_connection(const asio::ip::address& peer) {
  std::lock_guard lock(mutex_);
  if (context_->num_connections.load() >= max_connections_) return false;
  if (!peer.is_loopback()) {
    int32_t& count = connections_of_ip_[peer.to_string()];
    if (count >= context_->config.limits.max_connections_per_ip) return false;
    ++count;
  }
  context_->num_connections.fetch_add(1);
  return true;
}

void Listener::forget_connection(const asio::ip::address& peer) {
  std::lock_guard lock(mutex_);
  context_->num_connections.fetch_sub(1);
  auto found = connections_of_ip_.find(peer.to_string());
  if (found != connections_of_ip_.end() && --found->second == 0) connections_of_ip_.erase(found);
}

}  // namespace weft
