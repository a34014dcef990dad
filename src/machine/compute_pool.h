// The process's one pool of compute threads. The calling thread is worker 0, so a pool of n threads starts n - 1.
// Workers spin for at most 50 us between jobs and then sleep: a sleeping worker takes up to milliseconds to wake on a
// virtual machine, a spinning one takes a core from somebody else.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
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
    using Callable = std::remove_reference_t<Job>;
    dispatch([](void* state, int worker) { (*static_cast<Callable*>(state))(worker); },
             const_cast<void*>(static_cast<const void*>(&job)));
  }

  // Calls job(begin, end, worker) for chunks that cover [0, count); chunks are handed out as workers become free, so a
  // worker whose core is shared with others does less. `chunk` is in items, at least 1.
  template <class Job>
  void parallel_for(int64_t count, int64_t chunk, Job&& job) {
    if (count <= 0) return;
    if (num_threads_ == 1 || count <= chunk) return job(int64_t{0}, count, 0);
    std::atomic<int64_t> next{0};
    run([&](int worker) {
      for (;;) {
        int64_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
        if (begin >= count) return;
        job(begin, begin + chunk < count ? begin + chunk : count, worker);
      }
    });
  }

 private:
  using RawJob = void (*)(void* state, int worker);
  void dispatch(RawJob job, void* state);
  void worker_loop(int worker);

  const int num_threads_;
  std::vector<std::thread> threads_;
  RawJob job_ = nullptr;
  void* state_ = nullptr;
  alignas(64) std::atomic<uint32_t> epoch_{0};   // one more for every job; workers wait for it to change
  alignas(64) std::atomic<int> num_running_{0};  // workers that have not finished the job yet
  alignas(64) std::atomic<bool> stopping_{false};
};

}  // namespace weft
