// GB/s of the ops that touch each activation once: what they read and write, at the shapes of SmolLM2-135M. The rate is
// that of the fastest call, which is what a machine with other work on it still tells truly.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "kernels/activation/activation.h"
#include "kernels/kv_write/kv_write.h"
#include "kernels/residual/residual.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rope/rope.h"

namespace weft {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What every op here needs. Arguments of each benchmark: rows, threads, ISA.
struct Setup {
  Setup(const benchmark::State& state, int64_t cols_in)
      : rows(state.range(0)),
        cols(cols_in),
        a(rows * cols, 0.5f),
        b(rows * cols, 0.25f),
        c(rows * cols, 0.0f),
        pool(static_cast<int>(state.range(1))),
        op{&pool, &workspace, std::min(static_cast<Isa>(state.range(2)), detect_isa())} {}

  MatrixF view(std::vector<float>& values) const { return {values.data(), rows, cols, cols}; }

  // Runs and counts `arrays` arrays of [rows, cols] floats a call.
  template <class Call>
  void measure(benchmark::State& state, double arrays, Call call) {
    double best = 1e9;
    for (auto _ : state) {
      double start = seconds_now();
      call();
      best = std::min(best, seconds_now() - start);
    }
    state.counters["best_us"] = best * 1e6;
    state.counters["GB/s"] = 4e-9 * arrays * static_cast<double>(rows * cols) / best;
  }

  int64_t rows;
  int64_t cols;
  std::vector<float> a;
  std::vector<float> b;
  std::vector<float> c;
  ComputePool pool;
  Workspace workspace;
  OpContext op;
};

void bench_rms_norm(benchmark::State& state) {
  Setup s(state, 576);
  s.measure(state, 2, [&] { rms_norm(s.op, s.view(s.a), s.b.data(), 1e-5f, s.view(s.c)); });
}

void bench_add_residual(benchmark::State& state) {
  Setup s(state, 576);
  s.measure(state, 3, [&] { add_residual(s.op, s.view(s.c), s.view(s.a)); });
}

void bench_silu_mul(benchmark::State& state) {
  Setup s(state, 1536);
  s.measure(state, 3, [&] { silu_mul(s.op, s.view(s.a), s.view(s.b), s.view(s.c)); });
}

void bench_gelu_tanh_mul(benchmark::State& state) {
  Setup s(state, 1536);
  s.measure(state, 3, [&] { gelu_tanh_mul(s.op, s.view(s.a), s.view(s.b), s.view(s.c)); });
}

void bench_rope(benchmark::State& state) {
  Setup s(state, 576);
  auto table = RopeTable::build(64, 10000.0, 4096);
  CHECK(table.has_value());
  std::vector<int32_t> positions(s.rows);
  for (int64_t t = 0; t < s.rows; ++t) positions[t] = static_cast<int32_t>(t);
  s.measure(state, 2, [&] { rope(s.op, s.view(s.a), 9, 64, positions, *table); });
}

void bench_kv_write(benchmark::State& state) {
  Setup s(state, 192);
  int64_t page_bytes = kv_layer_page_bytes(3, 64);
  std::vector<std::byte> pages((s.rows / kPageTokens + 1) * page_bytes);
  std::vector<int64_t> slots(s.rows);
  for (int64_t t = 0; t < s.rows; ++t) slots[t] = t;
  KvLayer kv{pages.data(), page_bytes, 3, 64};
  s.measure(state, 3, [&] { kv_write(s.op, s.view(s.a), s.view(s.b), slots, kv); });
}

void cases(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "threads", "isa"})->UseRealTime()->Unit(benchmark::kMicrosecond);
  for (int64_t threads : {1, 2}) bench->Args({1, threads, 2})->Args({512, threads, 2})->Args({512, threads, 1});
}
BENCHMARK(bench_rms_norm)->Apply(cases);
BENCHMARK(bench_add_residual)->Apply(cases);
BENCHMARK(bench_silu_mul)->Apply(cases);
BENCHMARK(bench_gelu_tanh_mul)->Apply(cases);
BENCHMARK(bench_rope)->Apply(cases);
BENCHMARK(bench_kv_write)->Apply(cases);

}  // namespace
}  // namespace weft
