#include "machine/roofs.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>

#include "base/clock.h"
#include "machine/roofs_kernels.h"

namespace weft {
namespace {

constexpr size_t kReadBytesPerThread = size_t{192} << 20;  // far beyond any cache that one thread can fill
constexpr int kRepeats = 3;

// Units of work per second, the best of a few runs in which every thread does `units_per_thread` by `work(worker)`.
template <class Work>
double best_rate(ComputePool& pool, double units_per_thread, Work work) {
  SteadyClock clock;
  double best = 0;
  for (int i = 0; i < kRepeats; ++i) {
    Nanos start = clock.now();
    pool.run(work);
    best = std::max(best, units_per_thread * pool.num_threads() / to_seconds(clock.now() - start));
  }
  return best;
}

double memory_roof(ComputePool& pool) {
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  size_t total = kReadBytesPerThread * pool.num_threads();
  std::unique_ptr<uint8_t, Free> memory(static_cast<uint8_t*>(std::aligned_alloc(4096, total)));
  if (memory == nullptr) return 0;
  std::fill_n(memory.get(), total, uint8_t{1});
  std::atomic<int64_t> sink{0};
  return best_rate(pool, kReadBytesPerThread, [&](int worker) {
    sink += read_loop_avx2(memory.get() + worker * kReadBytesPerThread, kReadBytesPerThread);
  });
}

double int8_roof(ComputePool& pool, Isa isa) {
  constexpr int64_t kRounds = 2'000'000;
  std::atomic<int64_t> sink{0};
  if (isa == Isa::kAvx512) {
    return best_rate(pool, kRounds * kInt8OpsPerRoundAvx512, [&](int) { sink += int8_loop_avx512(kRounds); });
  }
  return best_rate(pool, kRounds * kInt8OpsPerRoundAvx2, [&](int) { sink += int8_loop_avx2(kRounds); });
}

}  // namespace

Roofs measure_roofs(ComputePool& pool, Isa isa) {
  if (isa == Isa::kScalar) return {};  // the loops need AVX2
  return {memory_roof(pool), int8_roof(pool, isa)};
}

}  // namespace weft
