// Random numbers without hidden state. A sampled token depends on (seed, position) only, so a request draws the same
// numbers alone, in a batch and after a preemption (I16).
#pragma once

#include <cstdint>

namespace weft {

// SplitMix64's finaliser: a bijection of 64-bit words that passes the usual statistical batteries.
// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// The `counter`-th 64-bit word of the stream `seed`.
constexpr uint64_t random_word(uint64_t seed, uint64_t counter) { return mix64(mix64(seed) ^ mix64(~counter)); }

// Uniform in [0, 1), 53 bits.
constexpr double random_unit(uint64_t seed, uint64_t counter) {
  return static_cast<double>(random_word(seed, counter) >> 11) * 0x1p-53;
}

// A small sequential generator for tests and simulators; the same seed gives the same sequence everywhere.
class Rng {
 public:
  explicit Rng(uint64_t seed) : seed_(seed) {}
  uint64_t next() { return random_word(seed_, counter_++); }
  // Uniform in [0, bound); bound > 0. The bias of the modulo is below 2^-32 for the bounds that tests use.
  uint64_t below(uint64_t bound) { return next() % bound; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return unit() < probability; }

 private:
  uint64_t seed_;
  uint64_t counter_ = 0;
};

}  // namespace weft
