// What this machine can do at this moment, for benches to compare with: neighbours on a shared host move it by half.
// Included by benches only.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "machine/compute_pool.h"
#include "machine/cpu_features.h"
#include "tensor/buffer.h"

namespace weft {

// All threads of a pool together.
struct MachineRoof {
  double read_bytes_per_s = 0;  // streaming read of a set far larger than the caches
  double int8_ops_per_s = 0;    // vpdpbusd on registers, or vpmaddwd (16 bits) without VNNI; 2 operations per product
  double float_ops_per_s = 0;   // FMA on registers
};

namespace roof {

constexpr int64_t kRounds = 200000;
constexpr int kChains = 10;  // enough to hide a latency of 4-5 cycles at two a cycle

__attribute__((target("avx512f,avx512bw,avx512vnni"))) inline void int8_loop_avx512(int32_t* out) {
  __m512i acc[kChains], a = _mm512_set1_epi8(1);
#pragma GCC unroll 10
  for (int c = 0; c < kChains; ++c) acc[c] = _mm512_setzero_si512();
  for (int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 10
    for (int c = 0; c < kChains; ++c) asm("vpdpbusd %1, %1, %0" : "+v"(acc[c]) : "v"(a));
  }
#pragma GCC unroll 10
  for (int c = 0; c < kChains; ++c) *out += _mm512_cvtsi512_si32(acc[c]);
}

__attribute__((target("avx512f"))) inline void float_loop_avx512(int32_t* out) {
  __m512 acc[kChains], a = _mm512_set1_ps(0.5f);
#pragma GCC unroll 10
  for (int c = 0; c < kChains; ++c) acc[c] = _mm512_setzero_ps();
  for (int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 10
    for (int c = 0; c < kChains; ++c) asm("vfmadd231ps %1, %1, %0" : "+v"(acc[c]) : "v"(a));
  }
#pragma GCC unroll 10
  for (int c = 0; c < kChains; ++c) *out += static_cast<int32_t>(_mm512_cvtss_f32(acc[c]));
}

__attribute__((target("avx2,fma"))) inline void float_loop_avx2(int32_t* out) {
  __m256 acc[kChains], a = _mm256_set1_ps(0.5f);
#pragma GCC unroll 10
  for (int c = 0; c < kChains; ++c) acc[c] = _mm256_setzero_ps();
  for (int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 10
    for (int c = 0; c < kChains; ++c) asm("vfmadd231ps %1, %1, %0" : "+x"(acc[c]) : "x"(a));
  }
#pragma GCC unroll 10
  for (int c = 0; c < kChains; ++c) *out += static_cast<int32_t>(_mm256_cvtss_f32(acc[c]));
}

__attribute__((target("avx2"))) inline void int16_loop_avx2(int32_t* out) {
  __m256i acc[kChains], a = _mm256_set1_epi16(1);
#pragma GCC unroll 10
  for (int c = 0; c < kChains; ++c) acc[c] = _mm256_setzero_si256();
  for (int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 10
    for (int c = 0; c < kChains; ++c) asm("vpmaddwd %1, %0, %0" : "+x"(acc[c]) : "x"(a));
  }
#pragma GCC unroll 10
  for (int c = 0; c < kChains; ++c) *out += _mm256_extract_epi32(acc[c], 0);
}

__attribute__((target("avx2"))) inline void read_loop(const std::byte* data, int64_t bytes, int32_t* out) {
  __m256i sum[4] = {};
  for (int64_t i = 0; i + 128 <= bytes; i += 128) {
    _mm_prefetch(reinterpret_cast<const char*>(data) + i + 4096, _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(data) + i + 4160, _MM_HINT_T0);
    for (int j = 0; j < 4; ++j) {
      sum[j] = _mm256_add_epi32(sum[j], _mm256_load_si256(reinterpret_cast<const __m256i*>(data + i) + j));
    }
  }
  *out += _mm256_extract_epi32(_mm256_add_epi32(_mm256_add_epi32(sum[0], sum[1]), _mm256_add_epi32(sum[2], sum[3])), 0);
}

// Seconds of the best of seven runs of job(worker, out) on all workers.
template <class Job>
double best_seconds(ComputePool& pool, Job job) {
  double best = 1e9;
  std::vector<int32_t> sinks(static_cast<size_t>(pool.num_threads()) * 16);
  for (int round = 0; round < 7; ++round) {
    auto start = std::chrono::steady_clock::now();
    pool.run([&](int worker) { job(worker, &sinks[static_cast<size_t>(worker) * 16]); });
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace roof

// Takes about a second. Needs AVX2 (zeros without).
inline MachineRoof measure_roof(ComputePool& pool) {
  MachineRoof result;
  if (detect_isa() == Isa::kScalar) return result;
  bool wide = detect_isa() == Isa::kAvx512;
  double threads = pool.num_threads();
  constexpr int64_t kReadBytes = int64_t{512} << 20;  // per worker
  auto memory = Buffer::allocate(static_cast<size_t>(kReadBytes) * static_cast<size_t>(pool.num_threads()));
  CHECK(memory.has_value());
  pool.run([&](int worker) { std::memset(memory->data() + worker * kReadBytes, 1, static_cast<size_t>(kReadBytes)); });
  result.read_bytes_per_s =
      threads * static_cast<double>(kReadBytes) / roof::best_seconds(pool, [&](int worker, int32_t* out) {
        roof::read_loop(memory->data() + worker * kReadBytes, kReadBytes, out);
      });
  double rounds = threads * static_cast<double>(roof::kRounds * roof::kChains);
  result.int8_ops_per_s = rounds * (wide ? 128 : 32) / roof::best_seconds(pool, [&](int, int32_t* out) {
                            wide ? roof::int8_loop_avx512(out) : roof::int16_loop_avx2(out);
                          });
  result.float_ops_per_s = rounds * (wide ? 32 : 16) / roof::best_seconds(pool, [&](int, int32_t* out) {
                             wide ? roof::float_loop_avx512(out) : roof::float_loop_avx2(out);
                           });
  return result;
}

}  // namespace weft
