#include "server/http/reactor.h"

#include <boost/asio/post.hpp>

#include "base/log.h"

namespace weft {

Reactor::Reactor() : work_(boost::asio::make_work_guard(context_)) {}

Reactor::~Reactor() {
  if (thread_.joinable()) join();
}

void Reactor::start() {
  thread_ = std::thread([this] {
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& exception) {
        // Memory ran out in some completion handler. The loop goes on: other connections are unharmed.
        LOG(error, "A connection ended by an exception: {}", exception.what());
      }
    }
  });
}

void Reactor::join() {
  work_.reset();
  if (thread_.joinable()) thread_.join();
  std::vector<std::function<void()>> dropped;
  std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(inbox_);
}

void Reactor::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    inbox_.push_back(std::move(task));
    if (inbox_.size() > 1) return;
  }
  boost::asio::post(context_, [self = shared_from_this()] { self->run_inbox(); });
}

void Reactor::run_inbox() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(inbox_);
  }
  for (auto& task : tasks) {
    try {
      task();
    } catch (const std::exception& exception) {
      LOG(error, "A request's event was lost: {}", exception.what());
    }
  }
}

}  // namespace weft
