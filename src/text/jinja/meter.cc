#include "text/jinja/meter.h"

#include <algorithm>

namespace weft::jinja {
namespace {

constexpr uint64_t kStepsPerClockRead = 4096;
constexpr size_t kBytesPerStep = 32;

}  // namespace

Meter::Meter(const TemplateLimits& limits, const Clock& clock)
    : limits_(limits), clock_(clock), deadline_(clock.now() + limits.time), steps_left_(limits.steps) {}

bool Meter::charge_slowly(uint64_t steps) {
  if (failed_) return false;
  steps_left_ += until_check_;
  until_check_ = 0;
  if (steps > steps_left_) {
    fail("the template needs more than {} steps", limits_.steps);
    return false;
  }
  steps_left_ -= steps;
  if (clock_.now() > deadline_) {
    fail("the template needs more than {} ms", limits_.time / 1'000'000);
    return false;
  }
  until_check_ = std::min(kStepsPerClockRead, steps_left_);
  steps_left_ -= until_check_;
  return true;
}

bool Meter::charge_text(size_t bytes) {
  if (bytes > limits_.output_bytes) {
    fail("the template makes a text of more than {} bytes", limits_.output_bytes);
    return false;
  }
  return charge(1 + bytes / kBytesPerStep);
}

Value Meter::fail_with(std::string message) {
  if (!failed_) {
    failed_ = true;
    error_ = std::move(message);
  }
  return {};
}

}  // namespace weft::jinja
