// What the text of an answer is made of: words for the user, reasoning, and calls of the client's tools.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft {

// Part of one call. The first delta of a call has its id and name; the concatenated `arguments` of all its deltas are
// the arguments as JSON text.
struct ToolCallDelta {
  int32_t index = 0;  // of the call in the choice, from 0 without gaps
  std::string id;
  std::string name;
  std::string arguments;
};

struct AnswerParts {
  std::string content;
  std::string reasoning;
  std::vector<ToolCallDelta> calls;
};

}  // namespace weft
