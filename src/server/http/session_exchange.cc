#include "server/http/session_exchange.h"

#include "server/http/error_table.h"

namespace weft {

void Session::SessionExchange::respond(HttpResponse response) {
  if (session_ == nullptr || status_ != 0) return;
  status_ = response.status;
  keep_alive_ = session_->may_keep_alive(request_);
  head_ = session_->render_head(request_, response, keep_alive_, response.body.size());
  if (request_.method != "HEAD") body_ = std::move(response.body);
  ended_ = true;
  session_->signal();
}

void Session::SessionExchange::begin_stream(std::string_view content_type) {
  if (session_ == nullptr || status_ != 0) return;
  status_ = 200;
  chunked_ = request_.minor_version == 1;
  keep_alive_ = chunked_ && session_->may_keep_alive(request_);
  HttpResponse response{.content_type = std::string(content_type)};
  response.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  head_ = session_->render_head(request_, response, keep_alive_, std::nullopt);
  session_->signal();
}

void Session::SessionExchange::write(std::string_view bytes) {
  if (session_ == nullptr || ended_ || bytes.empty()) return;
  check_backlog();
  body_ += bytes;
  session_->signal();
}

// What waits before the newest bytes counts, so that one large event alone never ends a stream.
void Session::SessionExchange::check_backlog() {
  const HttpLimits& limits = context_->config.limits;
  size_t waiting = body_.size() + in_flight_bytes_;
  auto now = std::chrono::steady_clock::now();
  if (waiting <= limits.soft_buffer_bytes) {
    above_soft_limit_since_.reset();
  } else if (!above_soft_limit_since_) {
    above_soft_limit_since_ = now;
  }
  bool too_long = above_soft_limit_since_ && now - *above_soft_limit_since_ > limits.write_stall_timeout;
  if (waiting <= limits.hard_buffer_bytes && !too_long) return;
  // Later, not here: the handler is in the middle of writing.
  reactor_->post([weak = session_->weak_from_this()] {
    if (auto session = weak.lock()) session->abandon(Abandoned::kSlowReader);
  });
}

void Session::SessionExchange::end_stream(bool keep_alive) {
  if (session_ == nullptr || ended_) return;
  keep_alive_ = keep_alive_ && keep_alive;
  ended_ = true;
  session_->signal();
}

void Session::SessionExchange::on_abandoned(std::function<void(Abandoned)> callback) {
  if (abandoned_) {
    callback(*abandoned_);
  } else if (session_ != nullptr && !ended_) {
    callback_ = std::move(callback);
  }
}

std::string Session::SessionExchange::take_output() {
  std::string bytes = std::exchange(head_, {});
  if (chunked_) {
    if (!body_.empty()) {
      bytes += fmt::format("{:x}\r\n", body_.size());
      bytes += std::exchange(body_, {});
      bytes += "\r\n";
    }
    if (ended_ && !std::exchange(end_sent_, true)) bytes += "0\r\n\r\n";
  } else {
    bytes += std::exchange(body_, {});
  }
  in_flight_bytes_ = bytes.size();
  return bytes;
}

void Session::SessionExchange::abandon(Abandoned why) {
  if (ended_ || abandoned_) return;
  abandoned_ = why;
  if (auto callback = std::exchange(callback_, nullptr)) callback(why);
  if (ended_) return;
  if (status_ == 0) {
    bool draining = why == Abandoned::kDrainDeadline;
    respond(error_response(make_error(draining ? ErrorCode::kDraining : ErrorCode::kDeadlineExceeded,
                                      "The server gave up this request before it was answered.")));
  }
  ended_ = true;
  keep_alive_ = false;
  session_->signal();
}

}  // namespace weft
