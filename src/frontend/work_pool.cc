#include "frontend/work_pool.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <utility>

namespace weft {
namespace {

// Shared with tasks that may begin when all is done: they find nothing left and don't touch `run`.
struct ParallelWork {
  ParallelWork(size_t n, const std::function<void(size_t)>& f) : count(n), run(f) {}

  void take() {
    for (size_t i = next++; i < count; i = next++) {
      try {
        run(i);
      } catch (...) {  // out of memory, say: the caller's business
        if (!has_thrown.exchange(true)) thrown = std::current_exception();
      }
      if (++num_done == count) num_done.notify_all();
    }
  }

  const size_t count;
  const std::function<void(size_t)>& run;
  std::atomic<size_t> next = 0, num_done = 0;
  std::atomic<bool> has_thrown = false;
  std::exception_ptr thrown;
};

}  // namespace

WorkPool::WorkPool(int num_threads) {
  for (int i = 0; i < num_threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkPool::~WorkPool() { finish(); }

void WorkPool::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_one();
}

void WorkPool::parallel_for(size_t count, const std::function<void(size_t)>& run) {
  auto work = std::make_shared<ParallelWork>(count, run);
  for (size_t i = 1; i < std::min(count, threads_.size() + 1); ++i) {
    post([work] { work->take(); });
  }
  work->take();
  for (size_t done = work->num_done; done < count; done = work->num_done) work->num_done.wait(done);
  if (work->thrown) std::rethrow_exception(work->thrown);
}

void WorkPool::finish() {
  {
    std::lock_guard lock(mutex_);
    finishing_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    // While a task runs it may still post another: only when none does is an empty queue the end.
    changed_.wait(lock, [this] { return !tasks_.empty() || (finishing_ && num_busy_ == 0); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    ++num_busy_;
    lock.unlock();
    task();
    task = nullptr;  // what it held goes before the next wait
    lock.lock();
    --num_busy_;
    if (finishing_) changed_.notify_all();
  }
}

}  // namespace weft
