// One I/O thread: an io_context of its own, and an inbox that other threads post to. Sessions live and die on one
// reactor, so that nothing in them needs a lock.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

namespace weft {

class Session;

class Reactor : public std::enable_shared_from_this<Reactor> {
 public:
  Reactor();
  ~Reactor();

  void start();
  // Any thread but its own: waits until the loop has nothing left to do. Later posts are dropped.
  void join();

  // Any thread. Tasks run in order; many posts between two turns of the loop cost one wake-up.
  void post(std::function<void()> task);

  boost::asio::io_context& context() { return context_; }

  // Reactor thread only: the sessions alive here.
  std::unordered_set<Session*> sessions;

 private:
  void run_inbox();

  boost::asio::io_context context_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::mutex mutex_;
  std::vector<std::function<void()>> inbox_;  // under mutex_
  bool closed_ = false;                       // under mutex_
  std::thread thread_;
};

}  // namespace weft
