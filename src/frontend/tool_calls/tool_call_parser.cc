#include "frontend/tool_calls/tool_call_parser.h"

#include <utility>

namespace weft {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

void ToolCallParser::add_content(std::string_view text, AnswerParts& out) {
  size_t last = text.find_last_not_of(kSpace);
  if (last == std::string_view::npos) {
    gap_ += text;
    return;
  }
  // Between a call and the first words nothing is missing.
  if (has_content_ || calls_.num_calls() == 0) {
    out.content += gap_;
  } else {
    text.remove_prefix(text.find_first_not_of(kSpace));
    last = text.find_last_not_of(kSpace);
  }
  has_content_ = true;
  out.content += text.substr(0, last + 1);
  gap_ = text.substr(last + 1);
}

void ToolCallParser::flush_content(AnswerParts& out) {
  std::string gap = std::exchange(gap_, {});
  if (calls_.num_calls() == 0) out.content += gap;
}

}  // namespace weft
