// Server-sent events: the last stop of a token on its way out.
#pragma once

#include <string>
#include <string_view>

namespace weft {

constexpr std::string_view kSseContentType = "text/event-stream; charset=utf-8";
constexpr std::string_view kSseDone = "data: [DONE]\n\n";

// One kind of event with a fixed head and tail, rendered once; only what is between them is written per token.
// The parts must hold no line break: JSON written by base/json.h has none.
class SseTemplate {
 public:
  SseTemplate() = default;
  SseTemplate(std::string_view head, std::string_view tail);

  template <class WriteMiddle>
  void append(std::string& out, WriteMiddle&& write_middle) const {
    out += head_;
    write_middle(out);
    out += tail_;
  }

 private:
  std::string head_;  // "data: " and the head
  std::string tail_;  // the tail and an empty line
};

void append_sse(std::string& out, std::string_view data);

}  // namespace weft
