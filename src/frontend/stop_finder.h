// Finds stop strings in a text that comes in pieces, and holds back no more than needed: the longest end of the text
// that is a proper beginning of a stop (I18).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft {

class StopFinder {
 public:
  // `stops`: valid UTF-8, not empty. `include`: a match stays in the text.
  StopFinder(std::vector<std::string> stops, bool include) : stops_(std::move(stops)), include_(include) {}
  StopFinder(StopFinder&&) = default;  // not copied: match_ points into stops_
  StopFinder& operator=(StopFinder&&) = default;

  // Adds a piece (valid UTF-8) and returns the text that is certain now. Of several matches the one that ends first
  // counts, of those that end together the longest; the text ends there. Not called after a match.
  std::string push(std::string_view piece);
  // The end of the text: what was held back.
  std::string flush();
  // The stop that was found; null so far.
  const std::string* match() const { return match_; }

 private:
  size_t held_bytes() const;

  std::vector<std::string> stops_;
  bool include_;
  std::string held_;
  const std::string* match_ = nullptr;
};

}  // namespace weft
