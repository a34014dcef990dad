#include "machine/compute_pool.h"

#include <immintrin.h>

#include <chrono>

#include "base/check.h"

namespace weft {
namespace {

constexpr std::chrono::microseconds kSpinTime{50};

// Fields of the gate: epoch in the upper half, then the closed bit, workers that joined the job, workers still inside.
constexpr uint64_t kClosed = uint64_t{1} << 31;
constexpr int kJoinedShift = 15;
constexpr uint64_t kCountMask = (uint64_t{1} << kJoinedShift) - 1;
constexpr uint64_t kJoin = (uint64_t{1} << kJoinedShift) | 1;

constexpr uint64_t inside(uint64_t gate) { return gate & kCountMask; }
constexpr uint64_t joined(uint64_t gate) { return gate >> kJoinedShift & kCountMask; }

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

ComputePool::ComputePool(int num_threads) : num_threads_(num_threads), gate_(kClosed) {
  CHECK(num_threads >= 1 && num_threads < static_cast<int>(kCountMask));
  for (int worker = 1; worker < num_threads; ++worker) threads_.emplace_back([this, worker] { worker_loop(worker); });
}

ComputePool::~ComputePool() {
  stopping_.store(true);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (auto& thread : threads_) thread.join();
}

// A worker takes part only if it joins while the gate is open. The caller closes it when it has no more to do itself,
// and then waits for those inside: a worker that the system has not woken yet costs nothing.
void ComputePool::dispatch(RawJob job, void* state, bool everyone) {
  if (num_threads_ == 1) return job(state, 0);
  job_ = job;
  state_ = state;
  uint32_t epoch = epoch_.load(std::memory_order_relaxed) + 1;
  gate_.store(uint64_t{epoch} << 32, std::memory_order_release);
  epoch_.store(epoch, std::memory_order_release);
  epoch_.notify_all();  // no system call when nobody sleeps
  job(state, 0);
  if (everyone) {
    auto all_joined = [&] { return joined(gate_.load(std::memory_order_acquire)) == uint64_t(num_threads_ - 1); };
    while (!spin_until(all_joined)) std::this_thread::yield();
  }
  gate_.fetch_or(kClosed, std::memory_order_acq_rel);
  auto finished = [&] { return inside(gate_.load(std::memory_order_acquire)) == 0; };
  while (!spin_until(finished)) {
    uint64_t gate = gate_.load(std::memory_order_acquire);
    if (inside(gate) > 0) gate_.wait(gate, std::memory_order_acquire);
  }
}

void ComputePool::worker_loop(int worker) {
  uint32_t seen = 0;
  for (;;) {
    auto called = [&] { return epoch_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(called)) epoch_.wait(seen, std::memory_order_acquire);
    if (!called()) continue;
    seen = epoch_.load(std::memory_order_acquire);
    if (stopping_.load()) return;
    uint64_t gate = gate_.load(std::memory_order_acquire);
    while (gate >> 32 == seen && (gate & kClosed) == 0) {
      if (!gate_.compare_exchange_weak(gate, gate + kJoin, std::memory_order_acq_rel)) continue;
      job_(state_, worker);
      uint64_t before = gate_.fetch_sub(1, std::memory_order_acq_rel);
      if ((before & kClosed) != 0 && inside(before) == 1) gate_.notify_one();
      break;
    }
  }
}

}  // namespace weft
