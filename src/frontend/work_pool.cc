#include "frontend/work_pool.h"

#include <utility>

namespace weft {

WorkPool::WorkPool(int num_threads) {
  for (int i = 0; i < num_threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkPool::~WorkPool() { finish(); }

void WorkPool::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_one();
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
