#include "engine/mask_workers.h"

#include <algorithm>

namespace weft {
namespace {

void make_mask(const MaskJob& job) {
  std::fill(job.words.begin(), job.words.end(), 0);
  if (job.state == nullptr || job.state->fill_mask(job.words).ok()) return;
  std::fill(job.words.begin(), job.words.end(), 0);
}

}  // namespace

MaskWorkers::MaskWorkers(int num_threads) {
  for (int i = 0; i < num_threads; ++i) threads_.emplace_back([this] { run(); });
}

MaskWorkers::~MaskWorkers() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    next_ = jobs_.size();
  }
  started_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void MaskWorkers::start(std::span<MaskJob> jobs) {
  if (jobs.empty()) return;
  {
    std::lock_guard lock(mutex_);
    jobs_ = jobs;
    next_ = num_done_ = 0;
  }
  started_.notify_all();
}

void MaskWorkers::finish() {
  std::unique_lock lock(mutex_);
  while (do_one(lock)) {
  }
  done_.wait(lock, [&] { return num_done_ == jobs_.size(); });
  jobs_ = {};
  next_ = num_done_ = 0;
}

void MaskWorkers::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!do_one(lock)) started_.wait(lock);
  }
}

bool MaskWorkers::do_one(std::unique_lock<std::mutex>& lock) {
  if (next_ >= jobs_.size()) return false;
  const MaskJob& job = jobs_[next_++];
  lock.unlock();
  make_mask(job);
  lock.lock();
  if (++num_done_ == jobs_.size()) done_.notify_one();
  return true;
}

}  // namespace weft
