// The frontend's threads: first in, first out.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weft {

// The queue is as long as its users make it; each must bound what it posts (TextService: one task per request).
class WorkPool {
 public:
  explicit WorkPool(int num_threads);
  ~WorkPool();  // finish()

  // Any thread, also a task's own. Tasks must not throw.
  void post(std::function<void()> task);
  // Calls run(i) for each i below count, on threads of the pool that are free and on the caller's, which may be one of
  // them; returns when all are done, and throws what one of them threw.
  void parallel_for(size_t count, const std::function<void(size_t)>& run);
  // Runs what is queued, and what those tasks post, and joins the threads. Not on a thread of the pool.
  void finish();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  int num_busy_ = 0;
  bool finishing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weft
