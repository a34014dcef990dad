// A few threads for work that would hold up a reactor (I15). The queue is bounded: what does not fit is refused.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weft {

class WorkerPool {
 public:
  WorkerPool(int num_threads, size_t max_waiting);
  ~WorkerPool();  // stop()

  // Finishes what waits and joins the threads; later tasks are refused. Not on one of these threads: a task may own
  // the last reference to this pool's owner, so whoever shuts down calls it. Idempotent.
  void stop();

  // Any thread. False when max_waiting tasks wait already.
  bool submit(std::function<void()> task);

 private:
  void run();

  const size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // under mutex_
  bool closing_ = false;                     // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace weft
