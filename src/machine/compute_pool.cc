#include "machine/compute_pool.h"

#include <immintrin.h>

#include <chrono>

#include "base/check.h"

namespace weft {
namespace {

constexpr std::chrono::microseconds kSpinTime{50};

// Spins until `done()` or until kSpinTime has passed; tells which. The clock is read once in 64 rounds.
template <class Done>
bool spin_until(Done done) {
  auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  for (;;) {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      _mm_pause();
    }
    if (std::chrono::steady_clock::now() > deadline) return false;
  }
}

}  // namespace

ComputePool::ComputePool(int num_threads) : num_threads_(num_threads) {
  CHECK(num_threads >= 1);
  for (int worker = 1; worker < num_threads; ++worker) threads_.emplace_back([this, worker] { worker_loop(worker); });
}

ComputePool::~ComputePool() {
  stopping_.store(true);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ComputePool::dispatch(RawJob job, void* state) {
  if (num_threads_ == 1) return job(state, 0);
  job_ = job;
  state_ = state;
  num_running_.store(num_threads_ - 1, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();  // no system call when nobody sleeps
  job(state, 0);
  auto finished = [this] { return num_running_.load(std::memory_order_acquire) == 0; };
  while (!spin_until(finished)) {
    int running = num_running_.load(std::memory_order_acquire);
    if (running > 0) num_running_.wait(running, std::memory_order_acquire);
  }
}

void ComputePool::worker_loop(int worker) {
  uint32_t seen = 0;
  for (;;) {
    auto called = [&] { return epoch_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(called)) epoch_.wait(seen, std::memory_order_acquire);
    if (!called()) continue;
    ++seen;
    if (stopping_.load()) return;
    job_(state_, worker);
    if (num_running_.fetch_sub(1, std::memory_order_acq_rel) == 1) num_running_.notify_one();
  }
}

}  // namespace weft
