// Linear layers of SmolLM2-135M and Qwen2.5-0.5B on all CPUs: bytes of weights per second for few rows, operations per
// second for many, each beside what this machine can do at that moment (measured here: a streaming read of 1 GiB, and
// vpdpbusd on registers; two planes make half of the latter the roof of quantised weights).
//
// Weights of a case are several copies that exceed the last-level cache when `cold` is 1, so that they come from DRAM
// as they do in a model; with `cold` 0 one copy stays in cache.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>

#include "kernels/cpu_core/machine_roof.h"
#include "kernels/linear/linear.h"
#include "kernels/linear/linear_cases.h"

namespace weft {
namespace {

constexpr int64_t kColdBytes = int64_t{256} << 20;

ComputePool& bench_pool() {
  static ComputePool pool(usable_cpus());
  return pool;
}

const MachineRoof& roof() {
  static const MachineRoof measured = measure_roof(bench_pool());
  return measured;
}

std::vector<PackedMatrix> make_copies(DType type, int64_t n, int64_t k, bool cold) {
  Rng rng(1);
  auto rows = random_rows(type, n, k, rng);
  std::vector<PackedMatrix> copies;
  int64_t bytes = 0;
  do {
    auto packed = pack_matrix(type, rows, n, k, {}, bench_pool());
    CHECK(packed.has_value());
    bytes += static_cast<int64_t>(packed->bytes());
    copies.push_back(std::move(packed).value());
  } while (cold && bytes < kColdBytes);
  return copies;
}

void linear_layer(benchmark::State& state, DType type, Isa isa, int64_t n, int64_t k) {
  int64_t rows = state.range(0);
  bool cold = state.range(1) != 0;
  auto copies = make_copies(type, n, k, cold);
  Rng rng(2);
  auto x = random_floats(static_cast<size_t>(rows * k), rng);
  std::vector<float> y(static_cast<size_t>(rows * n));
  Workspace workspace;
  OpContext context{&bench_pool(), &workspace, isa};
  LinearInput input;
  size_t next = 0;
  double best = 1e9;  // beside the mean: on a shared host the best run tells what the kernel can do
  for (auto _ : state) {
    const PackedMatrix* weight = &copies[next];
    next = (next + 1) % copies.size();
    LinearTask task{weight, nullptr, {y.data(), rows, n, n}};
    auto start = std::chrono::steady_clock::now();
    prepare_linear_input(context, {x.data(), rows, k, k}, std::span(&weight, 1), input);
    linear(context, input, std::span(&task, 1));
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  double bytes = static_cast<double>(copies[0].bytes()), operations = 2.0 * static_cast<double>(rows * n * k);
  double peak = copies[0].is_quantised() ? roof().int8_ops_per_s / 2 : roof().float_ops_per_s;
  state.counters["best_us"] = best * 1e6;
  state.counters["GB/s"] = bytes / best / 1e9;
  state.counters["GOP/s"] = operations / best / 1e9;
  state.counters["%read"] = bytes / best / roof().read_bytes_per_s * 100;
  state.counters["%compute"] = operations / best / peak * 100;
}

struct BenchShape {
  DType type;
  int64_t n, k;
};

constexpr BenchShape kShapes[] = {
    {DType::kQ4_0, 576, 576},   {DType::kQ4_0, 1536, 576}, {DType::kQ4_0, 576, 1536},  {DType::kQ8_0, 1536, 576},
    {DType::kQ8_0, 49152, 576}, {DType::kQ4_0, 896, 896},  {DType::kQ4_0, 4864, 896},  {DType::kQ4_0, 896, 4864},
    {DType::kQ5_0, 4864, 896},  {DType::kQ8_0, 4864, 896}, {DType::kQ4_K, 8192, 2048}, {DType::kQ6_K, 2048, 2048},
    {DType::kBF16, 1536, 576},  {DType::kBF16, 4864, 896}, {DType::kF16, 4864, 896},   {DType::kF32, 1536, 576}};

[[maybe_unused]] const bool kRegistered = [] {
  for (Isa isa : {Isa::kAvx512, Isa::kAvx2}) {
    if (isa > detect_isa()) continue;
    for (const BenchShape& shape : kShapes) {
      std::string name =
          fmt::format("linear/{}/{}/{}x{}", isa_name(isa), dtype_info(shape.type).name, shape.n, shape.k);
      auto* bench = benchmark::RegisterBenchmark(name.c_str(), linear_layer, shape.type, isa, shape.n, shape.k);
      bench->ArgNames({"rows", "cold"})->UseRealTime()->Unit(benchmark::kMicrosecond);
      for (int rows : {1, 2, 4, 8, 16, 32, 512}) bench->Args({rows, 1});
      bench->Args({1, 0});
    }
  }
  return true;
}();

void show_roof(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(&roof());
  state.counters["read GB/s"] = roof().read_bytes_per_s / 1e9;
  state.counters["int8 GOP/s"] = roof().int8_ops_per_s / 1e9;
  state.counters["fp32 GFLOP/s"] = roof().float_ops_per_s / 1e9;
}
BENCHMARK(show_roof)->Name("linear/roof")->Iterations(1);

}  // namespace
}  // namespace weft
