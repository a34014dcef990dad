// The process's one pool of compute threads. The calling thread is worker 0, so a pool of n threads starts n - 1.
// Workers spin for at most 50 us between jobs and then sleep: a sleeping worker takes up to milliseconds to wake on a
// virtual machine, a spinning one takes a core from somebody else.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace weft {

// One thread at a time may call run(); nested calls are not allowed. Ops call it through OpContext.
class ComputePool {
 public:
  explicit ComputePool(int num_threads);
  ~ComputePool();
  ComputePool(const ComputePool&) = delete;
  ComputePool& operator=(const ComputePool&) = delete;

  int num_threads() const { return num_threads_; }

  // Calls job(worker) once on every worker, 0 <= worker < num_threads(), and returns when all have.
  template <class Job>
  void run(Job&& job) {
    start(job, true);
  }

  // Calls job(begin, end, worker) for chunks that cover [0, count); chunks are handed out as workers become free, so a
  // worker whose core is shared with others does less, and one that wakes too late does nothing and is not waited for.
  // `chunk` is in items, at least 1.
  template <class Job>
  void parallel_for(int64_t count, int64_t chunk, Job&& job) {
    if (count <= 0) return;
    if (num_threads_ == 1 || count <= chunk) return job(int64_t{0}, count, 0);
    std::atomic<int64_t> next{0};
    auto take_chunks = [&](int worker) {
      for (;;) {
        int64_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
        if (begin >= count) return;
        job(begin, begin + chunk < count ? begin + chunk : count, worker);
      }
    };
    start(take_chunks, false);
  }

 private:
  using RawJob = void (*)(void* state, int worker);
  template <class Job>
  void start(Job& job, bool everyone) {
    dispatch([](void* state, int worker) { (*static_cast<Job*>(state))(worker); }, &job, everyone);
  }
  void dispatch(RawJob job, void* state, bool everyone);
  void worker_loop(int worker);

  const int num_threads_;
  std::vector<std::thread> threads_;
  RawJob job_ = nullptr;  // written only while the gate is closed and nobody is inside
  void* state_ = nullptr;
  alignas(64) std::atomic<uint32_t> epoch_{0};  // one more for every job; idle workers wait for it to change
  alignas(64) std::atomic<uint64_t> gate_;      // of the present job: epoch, closed or not, who joined, who is inside
  alignas(64) std::atomic<bool> stopping_{false};
};

}  // namespace weft
