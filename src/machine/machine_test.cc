#include <gtest/gtest.h>

#include <vector>

#include "machine/compute_pool.h"
#include "machine/cpu_features.h"

namespace weft {
namespace {

TEST(CpuFeatures, NamesReadBack) {
  for (Isa isa : available_isas()) EXPECT_EQ(*parse_isa(isa_name(isa)), isa);
  EXPECT_EQ(*parse_isa("auto"), detect_isa());
  EXPECT_FALSE(parse_isa("sse9"));
  EXPECT_GE(usable_cpus(), 1);
}

TEST(ComputePool, RunsEveryItemOnce) {
  for (int threads : {1, 2, 5}) {
    ComputePool pool(threads);
    for (int64_t count : {0, 1, 7, 1000}) {
      std::vector<std::atomic<int>> hits(count);
      for (int round = 0; round < 50; ++round) {
        pool.parallel_for(count, 3, [&](int64_t begin, int64_t end, int worker) {
          ASSERT_LT(worker, threads);
          for (int64_t i = begin; i < end; ++i) ++hits[i];
        });
      }
      for (auto& hit : hits) ASSERT_EQ(hit, 50);
    }
  }
}

TEST(ComputePool, RunsEachWorkerOnceAndWakesAfterSleep) {
  ComputePool pool(3);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::atomic<int>> hits(3);
    pool.run([&](int worker) { ++hits[worker]; });
    for (auto& hit : hits) ASSERT_EQ(hit, 1);
    if (round % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace
}  // namespace weft
