#include "frontend/tool_calls/text_scanner.h"

#include <algorithm>

namespace weft {

Match TextScanner::starts_with(std::string_view literal) const {
  std::string_view text = rest().substr(0, literal.size());
  if (literal.substr(0, text.size()) != text) return Match::kNo;
  return text.size() == literal.size() ? Match::kYes : Match::kMaybe;
}

int TextScanner::take_until(std::span<const std::string_view> markers, std::string& before) {
  std::string_view text = rest();
  size_t at = std::string_view::npos;
  int found = kNone;
  for (size_t i = 0; i < markers.size(); ++i) {
    if (markers[i].empty()) continue;
    size_t start = text.find(markers[i]);
    if (start == std::string_view::npos || start > at) continue;
    if (start == at && markers[i].size() <= markers[static_cast<size_t>(found)].size()) continue;
    at = start;
    found = static_cast<int>(i);
  }
  // What a marker may begin with, at the end: it waits.
  size_t held = 0;
  for (std::string_view marker : markers) {
    if (marker.empty()) continue;
    for (size_t length = std::min(marker.size() - 1, text.size()); length > held; --length) {
      if (text.substr(text.size() - length) == marker.substr(0, length)) held = length;
    }
  }
  size_t certain = text.size() - held;
  if (found != kNone && at < certain) {
    before += text.substr(0, at);
    skip(at + markers[static_cast<size_t>(found)].size());
    return found;
  }
  before += text.substr(0, certain);
  skip(certain);
  return kNone;
}

}  // namespace weft
