// The session's side of an Exchange: output waits here until the socket takes it. Included by session.cc only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/http/http_context.h"
#include "server/http/reactor.h"
#include "server/http/session.h"

namespace weft {

class Session::SessionExchange final : public Exchange {
 public:
  SessionExchange(HttpRequest request, Session& session)
      : Exchange(std::move(request)), session_(&session), reactor_(session.reactor_), context_(session.context_) {}

  void respond(HttpResponse response) override;
  void begin_stream(std::string_view content_type) override;
  void write(std::string_view bytes) override;
  void end_stream(bool keep_alive) override;
  void on_abandoned(std::function<void(Abandoned)> callback) override;
  void post(std::function<void()> task) override { reactor_->post(std::move(task)); }
  bool run_on_worker(std::function<void()> task) override { return context_->workers.submit(std::move(task)); }

  bool has_output() const { return !head_.empty() || !body_.empty() || (ended_ && !end_sent_ && chunked_); }
  bool ended() const { return ended_; }
  bool keep_alive() const { return keep_alive_; }
  int status() const { return status_; }

  // Everything that waits, framed for the wire; the bytes count as waiting until the next call.
  std::string take_output();

  // Tells the handler; after kClientGone and kSlowReader its output goes nowhere.
  void abandon(Abandoned why);

  // The session is done with this exchange.
  void detach() {
    session_ = nullptr;
    callback_ = nullptr;
  }

 private:
  void check_backlog();

  Session* session_;
  std::shared_ptr<Reactor> reactor_;
  std::shared_ptr<HttpContext> context_;
  std::function<void(Abandoned)> callback_;
  std::optional<Abandoned> abandoned_;
  std::string head_;
  std::string body_;  // of a stream: not yet framed
  size_t in_flight_bytes_ = 0;
  std::optional<std::chrono::steady_clock::time_point> above_soft_limit_since_;
  int status_ = 0;  // 0: nothing answered yet
  bool chunked_ = false;
  bool ended_ = false;
  bool end_sent_ = false;
  bool keep_alive_ = true;
};

}  // namespace weft
