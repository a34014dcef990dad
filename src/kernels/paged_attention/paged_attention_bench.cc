// GFLOP/s and GB/s of attention at the shapes of small chat models, and the share of this machine's own roof, measured
// here right before. Rates are those of the fastest call, which is what a machine with other work on it still tells
// truly. They count the visible keys only: 4 * head_dim operations a key, row and head.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>

#include "base/rng.h"
#include "kernels/cpu_core/fma_roof.h"
#include "kernels/cpu_core/half.h"
#include "kernels/kv_write/kv_write.h"
#include "kernels/paged_attention/paged_attention.h"

namespace weft {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Best of some runs of 1 ms each on all threads.
double fma_roof_gflops(ComputePool& pool, Isa isa) {
  if (isa == Isa::kScalar) return 0;
  double best = 0;
  for (int run = 0; run < 20; ++run) {
    std::vector<int64_t> operations(pool.num_threads() * 8);
    double start = seconds_now();
    pool.run([&](int worker) {
      float sink = 0;
      operations[worker * 8] = isa == Isa::kAvx512 ? fma_roof_avx512(300000, &sink) : fma_roof_avx2(300000, &sink);
      benchmark::DoNotOptimize(sink);
    });
    double total = 0;
    for (int64_t count : operations) total += static_cast<double>(count);
    best = std::max(best, total / (seconds_now() - start) / 1e9);
  }
  return best;
}

struct Shape {
  int head_dim;
  int kv_heads;
  int group;
};
constexpr Shape kShapes[] = {{64, 3, 3}, {64, 2, 7}, {128, 8, 3}, {256, 1, 4}};  // SmolLM2, Qwen 0.5B, Llama 3B, Gemma

// One sequence set of `batch` equal members, layers side by side so that K and V come from memory as in a model.
struct Setup {
  Setup(const Shape& s, int batch, int queries, int kv_len, int num_layers) : shape(s), layers(num_layers) {
    int pages_each = (kv_len + kPageTokens - 1) / kPageTokens;
    layer_bytes = kv_layer_page_bytes(s.kv_heads, s.head_dim);
    auto allocated = Buffer::allocate(layer_bytes * layers * pages_each * batch);
    CHECK(allocated.has_value());
    memory = std::move(allocated).value();
    Rng rng(1);
    uint16_t* halves = memory.as<uint16_t>();
    for (size_t i = 0; i < memory.bytes() / 2; ++i) halves[i] = static_cast<uint16_t>(0x3000 + (rng.next() & 0x87ff));
    int64_t rows = int64_t{batch} * queries;
    int64_t cols = int64_t{s.kv_heads} * s.group * s.head_dim;
    q.resize(rows * cols, 0.25f);
    out.resize(rows * cols);
    for (int b = 0; b < batch; ++b) {
      starts.push_back(starts.back() + queries);
      lengths.push_back(kv_len);
      for (int i = 0; i < pages_each; ++i) table.push_back(i * batch + b);
    }
    args.q = {q.data(), rows, cols, cols};
    args.out = {out.data(), rows, cols, cols};
    args.num_heads = s.kv_heads * s.group;
    args.scale = 0.125f;
    args.kv = {memory.data(), layer_bytes * layers, s.kv_heads, s.head_dim};
    args.query_start = starts;
    args.kv_len = lengths;
    args.block_table = table.data();
    args.block_table_stride = pages_each;
  }

  Shape shape;
  int layers;
  int64_t layer_bytes = 0;
  Buffer memory;
  std::vector<float> q;
  std::vector<float> out;
  std::vector<int32_t> starts{0};
  std::vector<int32_t> lengths;
  std::vector<int32_t> table;
  AttentionArgs args;
};

// Arguments: shape, sequences, query rows each, keys each, threads, ISA.
void attention(benchmark::State& state) {
  Isa isa = static_cast<Isa>(state.range(5));
  if (isa > detect_isa()) return state.SkipWithError("this CPU does not have the instruction set");
  const Shape& shape = kShapes[state.range(0)];
  int batch = static_cast<int>(state.range(1));
  int queries = static_cast<int>(state.range(2));
  int kv_len = static_cast<int>(state.range(3));
  constexpr int kLayers = 16;
  Setup setup(shape, batch, queries, kv_len, kLayers);
  ComputePool pool(static_cast<int>(state.range(4)));
  Workspace workspace;
  OpContext op{&pool, &workspace, isa};
  double roof = fma_roof_gflops(pool, isa);
  int layer = 0;
  double best = 1e9;
  for (auto _ : state) {
    setup.args.kv.base = setup.memory.data() + layer * setup.layer_bytes;
    layer = (layer + 1) % kLayers;
    double start = seconds_now();
    paged_attention(op, setup.args);
    best = std::min(best, seconds_now() - start);
  }
  double keys = 0;
  for (int row = 0; row < queries; ++row) keys += kv_len - queries + row + 1;
  double gflops = 4e-9 * keys * shape.head_dim * setup.args.num_heads * batch / best;
  state.counters["best_us"] = best * 1e6;
  state.counters["GFLOP/s"] = gflops;
  state.counters["KV_GB/s"] = 4e-9 * kv_len * shape.head_dim * shape.kv_heads * batch / best;
  state.counters["roof_GFLOP/s"] = roof;
  if (roof > 0) state.counters["%_of_roof"] = 100 * gflops / roof;
}

void cases(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"shape", "B", "q", "kv", "threads", "isa"})->UseRealTime()->Unit(benchmark::kMicrosecond);
  for (int64_t threads : {1, 2}) {
    for (int64_t shape : {0, 1, 2, 3}) bench->Args({shape, 1, 512, 512, threads, 2});
    bench->Args({0, 1, 512, 512, threads, 1});
    bench->Args({0, 1, 512, 2048, threads, 2});
    for (int64_t kv : {128, 512, 2048, 8192}) bench->Args({0, 1, 1, kv, threads, 2});
    bench->Args({0, 1, 1, 2048, threads, 1});
    bench->Args({1, 1, 1, 2048, threads, 2});
    bench->Args({2, 1, 1, 2048, threads, 2});
    bench->Args({3, 1, 1, 2048, threads, 2});
    bench->Args({0, 32, 1, 512, threads, 2});
  }
}
BENCHMARK(attention)->Apply(cases);

}  // namespace
}  // namespace weft
