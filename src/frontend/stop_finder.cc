#include "frontend/stop_finder.h"

#include <algorithm>
#include <utility>

namespace weft {

std::string StopFinder::push(std::string_view piece) {
  held_ += piece;
  size_t best_start = std::string::npos;
  size_t best_end = std::string::npos;
  for (const std::string& stop : stops_) {
    size_t start = held_.find(stop);
    if (start == std::string::npos) continue;
    size_t end = start + stop.size();
    if (end > best_end || (end == best_end && start >= best_start)) continue;
    best_start = start;
    best_end = end;
    match_ = &stop;
  }
  size_t certain = match_ != nullptr ? (include_ ? best_end : best_start) : held_.size() - held_bytes();
  std::string text = held_.substr(0, certain);
  held_.erase(0, match_ != nullptr ? held_.size() : certain);
  return text;
}

std::string StopFinder::flush() { return std::exchange(held_, {}); }

size_t StopFinder::held_bytes() const {
  size_t longest = 0;
  for (const std::string& stop : stops_) {
    for (size_t length = std::min(stop.size() - 1, held_.size()); length > longest; --length) {
      if (held_.compare(held_.size() - length, length, stop, 0, length) == 0) longest = length;
    }
  }
  return longest;
}

}  // namespace weft
