#include "server/http/sse.h"

#include "base/check.h"

namespace weft {

SseTemplate::SseTemplate(std::string_view head, std::string_view tail) : head_("data: "), tail_(tail) {
  CHECK(head.find('\n') == std::string_view::npos && tail.find('\n') == std::string_view::npos);
  head_ += head;
  tail_ += "\n\n";
}

void append_sse(std::string& out, std::string_view data) {
  DCHECK(data.find('\n') == std::string_view::npos);
  out += "data: ";
  out += data;
  out += "\n\n";
}

}  // namespace weft
