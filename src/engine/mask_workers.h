// Threads that make grammar masks while the engine's thread is at the forward pass.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "request/token_constraint.h"

namespace weft {

struct MaskJob {
  ConstraintState* state = nullptr;  // null: no token is legal
  std::span<uint32_t> words;         // overwritten
};

// One thread calls start() and finish(), in turn.
class MaskWorkers {
 public:
  explicit MaskWorkers(int num_threads);
  ~MaskWorkers();
  MaskWorkers(const MaskWorkers&) = delete;
  MaskWorkers& operator=(const MaskWorkers&) = delete;

  // Begins the jobs, which stay the caller's until finish() returns.
  void start(std::span<MaskJob> jobs);
  // Returns when all jobs are done; the caller's thread takes those that nobody has begun.
  void finish();

 private:
  void run();
  // Does one job, if one is left; called and left with the mutex held.
  bool do_one(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable started_, done_;
  std::span<MaskJob> jobs_;
  size_t next_ = 0;
  size_t num_done_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weft
