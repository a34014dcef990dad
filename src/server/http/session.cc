#include "server/http/session.h"

#include <netinet/tcp.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>

#include "base/log.h"
#include "server/http/error_table.h"
#include "server/http/session_exchange.h"

namespace weft {
namespace {

namespace asio = boost::asio;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kMaxReadsPerTurn = 16;  // so that one fast sender does not hold the reactor
constexpr size_t kMaxPipelinedBytes = 64 << 10;
constexpr std::chrono::seconds kLingerTimeout{2};
constexpr int kUnsentLowWater = 64 << 10;  // bytes in the kernel's send buffer beyond which we keep output to ourselves

std::string http_date() {
  time_t now = time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  return {text, strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

bool is_json(std::string_view content_type) {
  std::string_view media = content_type.substr(0, content_type.find(';'));
  while (media.ends_with(' ')) media.remove_suffix(1);
  return equal_ignoring_case(media, "application/json");
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, Reactor& reactor, std::shared_ptr<HttpContext> context,
                 std::function<void()> on_closed)
    : socket_(std::move(socket)),
      reactor_(reactor.shared_from_this()),
      context_(std::move(context)),
      on_closed_(std::move(on_closed)),
      wake_(reactor.context(), Clock::time_point::max()),
      timer_(reactor.context()) {
  deadlines_.fill(Clock::time_point::max());
}

Session::~Session() { on_closed_(); }

void Session::start() {
  if (context_->stopping) return;
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentLowWater, sizeof(kUnsentLowWater));
  reactor_->sessions.insert(this);
  asio::co_spawn(
      reactor_->context(), [self = shared_from_this()] { return self->run(); }, asio::detached);
}

Session::Awaitable<> Session::run() {
  auto self = shared_from_this();
  try {
    while (co_await serve_one()) {
    }
    if (linger_ && !closed_) co_await linger();
  } catch (const std::exception& exception) {
    LOG(error, "A connection ended by an exception: {}", exception.what());
  }
  close();
  if (exchange_) {
    exchange_->abandon(Abandoned::kClientGone);
    exchange_->detach();
    exchange_.reset();
  }
  reactor_->sessions.erase(this);
}

// One request and its answer; false when the connection must be closed.
Session::Awaitable<bool> Session::serve_one() {
  RequestParser parser(context_->config.limits);
  if (!co_await read_head(parser)) co_return false;
  HttpRequest& head = parser.request();
  if (head.request_id.empty()) head.request_id = make_request_id();

  Verdict verdict = judge(head);
  if (verdict.response) co_return co_await refuse(parser, *verdict.response, may_keep_alive(head));
  if (verdict.route->is_inference) {
    if (Status status = context_->acquire(verdict.key); !status) {
      observe(head, verdict.route, http_error(status.error().code).status);
      co_return co_await refuse(parser, error_response(status.error()), may_keep_alive(head));
    }
  }
  struct Release {  // also when the coroutine ends by an exception
    HttpContext* context;
    std::optional<size_t> key;
    ~Release() {
      if (context != nullptr) context->release(key);
    }
  } release{verdict.route->is_inference ? context_.get() : nullptr, verdict.key};

  if (parser.expects_continue() && parser.state() == RequestParser::State::kBody) {
    if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
  }
  if (!co_await read_body(parser)) co_return false;
  co_return co_await answer(std::move(parser.request()), verdict);
}

Session::Awaitable<bool> Session::read_head(RequestParser& parser) {
  idle_ = true;
  if (input_.empty()) {
    set_deadline(kRead, context_->config.limits.idle_timeout);
    if (!co_await more_input()) co_return false;
  }
  idle_ = false;
  set_deadline(kRead, context_->config.limits.header_timeout);
  for (;;) {
    Result<size_t> taken = parser.feed(input_);
    if (!taken) {
      parser.request().request_id = make_request_id();
      observe(parser.request(), nullptr, http_error(taken.error().code).status);
      co_return co_await refuse(parser, error_response(taken.error()), false);
    }
    input_.erase(0, *taken);
    if (parser.state() != RequestParser::State::kHeader) break;
    if (co_await more_input()) continue;
    if (read_timed_out_) {
      Error late = make_error(ErrorCode::kRequestTimeout, "The request's header did not arrive within {} s.",
                              context_->config.limits.header_timeout.count() / 1000.0);
      observe(parser.request(), nullptr, 408);
      co_await refuse(parser, error_response(late), false);
    }
    co_return false;
  }
  clear_deadline(kRead);
  co_return true;
}

// The sender may be slow at first, but on the whole it must keep a minimal rate, and end in time.
Session::Awaitable<bool> Session::read_body(RequestParser& parser) {
  const HttpLimits& limits = context_->config.limits;
  auto started = Clock::now();
  while (parser.state() != RequestParser::State::kDone) {
    Result<size_t> taken = parser.feed(input_);
    if (!taken) {
      observe(parser.request(), nullptr, http_error(taken.error().code).status);
      co_return co_await refuse(parser, error_response(taken.error()), false);
    }
    input_.erase(0, *taken);
    if (parser.state() == RequestParser::State::kDone) break;
    auto received = parser.request().body.size();
    auto allowed = limits.body_grace + std::chrono::milliseconds(received * 1000 / limits.min_body_bytes_per_second);
    auto deadline = started + std::min<Clock::duration>(allowed, limits.body_timeout);
    set_deadline(kRead, deadline - Clock::now());
    if (co_await more_input()) continue;
    if (read_timed_out_) {
      Error late = make_error(ErrorCode::kRequestTimeout,
                              "The request's body came too slowly: {} bytes, and not its end, within {} s.", received,
                              std::chrono::duration<double>(deadline - started).count());
      observe(parser.request(), nullptr, 408);
      co_await refuse(parser, error_response(late), false);
    }
    co_return false;
  }
  clear_deadline(kRead);
  co_return true;
}

Session::Verdict Session::judge(const HttpRequest& request) const {
  Verdict verdict;
  auto refuse_with = [&](const Error& error) {
    verdict.response = error_response(error);
    observe(request, nullptr, verdict.response->status);
    return verdict;
  };
  if (!context_->is_allowed_host(request.host)) {
    return refuse_with(make_error(ErrorCode::kInvalidValue,
                                  "This server has no API key and answers only to its address and localhost, but the "
                                  "Host header names another. Use one of them, or start it with --api-key."));
  }
  const bool is_public = context_->router.access(request.path) == Access::kPublic;
  if (!is_public && context_->keys.required()) {
    verdict.key = context_->keys.find(find_header(request.headers, "authorization"));
    if (!verdict.key) {
      return refuse_with(make_error(ErrorCode::kInvalidApiKey,
                                    "A valid API key is needed: send the header 'Authorization: Bearer KEY'."));
    }
  }
  if (request.method == "OPTIONS") {
    std::string allowed = context_->router.allowed_methods(request.path);
    if (!allowed.empty() || request.path == "*") {
      verdict.response = HttpResponse{.status = 204, .content_type = "", .headers = {{"Allow", allowed}}};
      observe(request, nullptr, 204);
      return verdict;
    }
  }
  Result<const Route*> route = context_->router.find(request.method, request.path);
  if (!route) {
    refuse_with(route.error());
    if (route.error().code == ErrorCode::kMethodNotAllowed) {
      verdict.response->headers.emplace_back("Allow", context_->router.allowed_methods(request.path));
    }
    return verdict;
  }
  if ((*route)->json_body && !is_json(find_header(request.headers, "content-type"))) {
    return refuse_with(make_error(ErrorCode::kUnsupportedMediaType,
                                  "The body must be JSON: send the header 'Content-Type: application/json'."));
  }
  verdict.route = *route;
  return verdict;
}

// Answers without a handler. A connection whose next bytes are the rest of a refused body can't be used again.
Session::Awaitable<bool> Session::refuse(RequestParser& parser, const HttpResponse& response, bool keep_alive) {
  if (keep_alive && parser.state() == RequestParser::State::kBody) {
    if (Result<size_t> taken = parser.feed(input_)) input_.erase(0, *taken);
  }
  keep_alive = keep_alive && parser.state() == RequestParser::State::kDone;
  const HttpRequest& request = parser.request();
  std::string bytes = render_head(request, response, keep_alive, response.body.size());
  if (request.method != "HEAD") bytes += response.body;
  if (!co_await write(std::move(bytes))) co_return false;
  linger_ = !keep_alive;
  co_return keep_alive;
}

Session::Awaitable<bool> Session::answer(HttpRequest request, const Verdict& verdict) {
  auto exchange = std::make_shared<SessionExchange>(std::move(request), *this);
  exchange_ = exchange;
  if (context_->config.limits.request_timeout.count() > 0) {
    set_deadline(kRequest, context_->config.limits.request_timeout);
  }
  try {
    verdict.route->handler(exchange);
  } catch (const std::exception& exception) {
    LOG(error, "The handler of {} failed: {}", verdict.route->path, exception.what());
    exchange->respond(error_response(make_error(ErrorCode::kInternalError, "The server failed on this request.")));
    exchange->end_stream(false);
  }
  if (input_ended_) exchange->abandon(Abandoned::kClientGone);
  want_input();
  bool connected = !closed_;
  while (connected) {
    if (exchange->has_output()) {
      connected = co_await write(exchange->take_output()) && !closed_;
    } else if (exchange->ended()) {
      break;
    } else {
      co_await wait_for_signal();
      connected = !closed_;
    }
  }
  if (!connected) exchange->abandon(Abandoned::kClientGone);
  clear_deadline(kRequest);
  observe(exchange->request(), verdict.route, connected ? exchange->status() : 499);
  exchange->detach();
  exchange_.reset();
  linger_ = connected && !exchange->keep_alive();
  co_return connected && !linger_;
}

bool Session::may_keep_alive(const HttpRequest& request) const { return request.keep_alive && !context_->draining; }

std::string Session::render_head(const HttpRequest& request, const HttpResponse& response, bool keep_alive,
                                 std::optional<size_t> length) const {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nx-request-id: {}\r\n", response.status,
                                 reason_phrase(response.status), http_date(), request.request_id);
  if (!response.content_type.empty()) head += "Content-Type: " + response.content_type + "\r\n";
  for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
  head += "X-Content-Type-Options: nosniff\r\n";
  if (!length) {
    if (request.minor_version == 1) head += "Transfer-Encoding: chunked\r\n";
  } else if (response.status != 204 && response.status != 304) {
    head += fmt::format("Content-Length: {}\r\n", *length);
  }
  return head + (keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

void Session::observe(const HttpRequest& request, const Route* route, int status) const {
  if (context_->observer) context_->observer(route != nullptr ? route->path : "none", request.method, status);
}

Session::Awaitable<bool> Session::write(std::string bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    set_deadline(kWrite, context_->config.limits.write_stall_timeout);
    auto [error, count] = co_await socket_.async_write_some(asio::buffer(bytes) + sent, kAsTuple);
    if (error) co_return false;
    sent += count;
  }
  clear_deadline(kWrite);
  co_return true;
}

// Closing at once while the client still sends would reset the connection and take the answer with it.
Session::Awaitable<> Session::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  read_timed_out_ = false;
  set_deadline(kRead, kLingerTimeout);
  do {
    input_.clear();
  } while (co_await more_input());
}

void Session::want_input() {
  size_t most = std::max(kMaxPipelinedBytes, 4 * context_->config.limits.max_header_bytes);
  if (input_wanted_ || input_ended_ || closed_ || input_.size() > most) return;
  input_wanted_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) { self->on_readable(error); });
}

void Session::on_readable(const boost::system::error_code& error) {
  input_wanted_ = false;
  boost::system::error_code failure = error;
  char bytes[kReadBytes];
  for (size_t i = 0; i < kMaxReadsPerTurn && !failure; ++i) {
    size_t count = socket_.read_some(asio::buffer(bytes), failure);
    input_.append(bytes, count);
    if (count < sizeof(bytes)) break;
  }
  if (failure && failure != asio::error::would_block) {
    input_ended_ = true;
    if (exchange_) abandon(Abandoned::kClientGone);
  } else if (exchange_) {
    want_input();
  }
  signal();
}

Session::Awaitable<bool> Session::more_input() {
  size_t before = input_.size();
  while (input_.size() == before && !input_ended_ && !read_timed_out_ && !closed_) {
    want_input();
    co_await wait_for_signal();
  }
  co_return input_.size() > before;
}

Session::Awaitable<> Session::wait_for_signal() {
  if (!signalled_) co_await wake_.async_wait(kAsTuple);
  signalled_ = false;
}

void Session::signal() {
  signalled_ = true;
  wake_.cancel_one();
}

void Session::set_deadline(Deadline which, Clock::duration after) {
  deadlines_[which] = Clock::now() + after;
  if (deadlines_[which] < timer_at_) watch(deadlines_[which]);
}

// One timer for all deadlines. It is moved forward only when it fires, so that a deadline that is set and cleared with
// each write costs no system call.
void Session::watch(Clock::time_point until) {
  timer_at_ = until;
  timer_.expires_at(until);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    auto self = weak.lock();
    if (self && !error) self->on_timer();
  });
}

void Session::on_timer() {
  auto now = Clock::now();
  timer_at_ = Clock::time_point::max();
  if (deadlines_[kRead] <= now) {
    clear_deadline(kRead);
    read_timed_out_ = true;
    signal();
  }
  if (deadlines_[kWrite] <= now) {
    clear_deadline(kWrite);
    abandon(Abandoned::kSlowReader);
  }
  if (deadlines_[kRequest] <= now) {
    clear_deadline(kRequest);
    abandon(Abandoned::kDeadline);
  }
  auto next = *std::min_element(deadlines_.begin(), deadlines_.end());
  if (next != Clock::time_point::max()) watch(next);
}

void Session::close_if_idle() {
  if (idle_) close();
}

void Session::abandon(Abandoned why) {
  const bool answered = exchange_ && exchange_->ended();  // what waits may still be taken by a half-closed client
  if (exchange_) exchange_->abandon(why);
  if (why == Abandoned::kSlowReader || (why == Abandoned::kClientGone && !answered)) close();
}

void Session::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  signal();
}

}  // namespace weft
