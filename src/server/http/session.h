// One connection: requests in, answers out, one after the other, with a deadline on everything that waits for the
// client. Belongs to one reactor's thread; all members are called there.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "server/http/exchange.h"
#include "server/http/http_context.h"
#include "server/http/reactor.h"
#include "server/http/request_parser.h"

namespace weft {

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `on_closed` runs when the session has ended.
  Session(boost::asio::ip::tcp::socket socket, Reactor& reactor, std::shared_ptr<HttpContext> context,
          std::function<void()> on_closed);
  ~Session();

  void start();

  // Closes the connection if no request is in progress.
  void close_if_idle();
  // Ends the answer in progress, if there is one, and closes.
  void abandon(Abandoned why);
  void close();

 private:
  class SessionExchange;
  using Clock = std::chrono::steady_clock;
  enum Deadline { kRead, kWrite, kRequest, kNumDeadlines };
  template <class T = void>
  using Awaitable = boost::asio::awaitable<T>;

  // The verdict on a request whose header is complete: a route and perhaps a key, or an answer without a handler.
  struct Verdict {
    const Route* route = nullptr;
    std::optional<size_t> key;
    std::optional<HttpResponse> response;
  };

  Awaitable<> run();
  Awaitable<bool> serve_one();
  Awaitable<bool> read_head(RequestParser& parser);
  Awaitable<bool> read_body(RequestParser& parser);
  Awaitable<bool> answer(HttpRequest request, const Verdict& verdict);
  Awaitable<bool> refuse(RequestParser& parser, const HttpResponse& response, bool keep_alive);
  Awaitable<bool> write(std::string bytes);
  Awaitable<> linger();

  Verdict judge(const HttpRequest& request) const;
  bool may_keep_alive(const HttpRequest& request) const;
  // `length` of the body; none: a stream.
  std::string render_head(const HttpRequest& request, const HttpResponse& response, bool keep_alive,
                          std::optional<size_t> length) const;
  void observe(const HttpRequest& request, const Route* route, int status) const;

  // Input: a readiness wait is pending whenever more bytes are wanted, also while an answer is being made, so that a
  // closed connection is noticed.
  void want_input();
  void on_readable(const boost::system::error_code& error);
  Awaitable<bool> more_input();

  Awaitable<> wait_for_signal();
  void signal();
  void set_deadline(Deadline which, Clock::duration after);
  void clear_deadline(Deadline which) { deadlines_[which] = Clock::time_point::max(); }
  void watch(Clock::time_point until);
  void on_timer();

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<Reactor> reactor_;
  std::shared_ptr<HttpContext> context_;
  std::function<void()> on_closed_;

  std::string input_;          // received, not yet parsed; holds pipelined requests while an answer is being made
  bool input_wanted_ = false;  // a readiness wait is pending
  bool input_ended_ = false;
  bool read_timed_out_ = false;
  bool idle_ = true;     // between requests
  bool linger_ = false;  // the last answer has been written, the client may not have read it yet
  bool closed_ = false;

  boost::asio::steady_timer wake_;  // never expires; cancelled to wake the session's coroutine
  bool signalled_ = false;
  boost::asio::steady_timer timer_;
  Clock::time_point timer_at_ = Clock::time_point::max();
  std::array<Clock::time_point, kNumDeadlines> deadlines_;

  std::shared_ptr<SessionExchange> exchange_;  // while an answer is being made
};

}  // namespace weft
