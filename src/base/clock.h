// Time as an interface, so that scheduler, cache and simulator never read a real clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace weft {

// Nanoseconds of a steady clock; only differences mean anything (I29: no time-out uses the wall clock).
using Nanos = int64_t;

constexpr Nanos kNanosPerSecond = 1'000'000'000;

inline double to_seconds(Nanos nanos) { return static_cast<double>(nanos) * 1e-9; }

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Nanos now() const = 0;
};

class SteadyClock final : public Clock {
 public:
  Nanos now() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

// Moves only when told to.
class ManualClock final : public Clock {
 public:
  Nanos now() const override { return now_; }
  void advance(Nanos by) { now_ += by; }

 private:
  Nanos now_ = 0;
};

}  // namespace weft
