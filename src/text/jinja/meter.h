// What one rendering may still spend (steps, time) and the first error that it met. Sticky: after a failure every
// evaluation returns undefined and loops end at their next check, so errors need no unwinding.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/limits.h"
#include "text/jinja/value.h"

namespace weft::jinja {

class Meter {
 public:
  // Borrows `clock`.
  Meter(const TemplateLimits& limits, const Clock& clock);

  // Takes `steps` from what is left. False once the rendering has failed, also for want of steps or time.
  bool charge(uint64_t steps = 1) {
    if (steps >= until_check_) return charge_slowly(steps);
    until_check_ -= steps;
    return !failed_;
  }
  // Charges for making `bytes` of text and refuses strings beyond the output limit. Call before allocating.
  bool charge_text(size_t bytes);

  bool failed() const { return failed_; }
  // Records the first error, at the current place. Returns an undefined value for the caller to pass on.
  template <class... Args>
  Value fail(fmt::format_string<Args...> format, Args&&... args) {
    return fail_with(fmt::format(format, std::forward<Args>(args)...));
  }
  Value fail_with(std::string message);
  // Using an undefined value where that is an error.
  Value fail_undefined(const Value& value) { return fail_with(value.undefined_reason()); }

  // Offset into the source of what is being evaluated.
  void move_to(uint32_t offset) { offset_ = offset; }
  uint32_t offset() const { return offset_; }
  const std::string& error() const { return error_; }
  const TemplateLimits& limits() const { return limits_; }

 private:
  bool charge_slowly(uint64_t steps);

  TemplateLimits limits_;
  const Clock& clock_;
  Nanos deadline_;
  uint64_t steps_left_;       // not counting until_check_
  uint64_t until_check_ = 0;  // steps that may pass before the clock is read again
  uint32_t offset_ = 0;
  bool failed_ = false;
  std::string error_;
};

}  // namespace weft::jinja
