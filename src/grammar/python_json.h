// JSON texts as Python's json.dumps writes them, cut and rewritten without a number ever becoming a double.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weft {

// What json.dumps(json.loads(json)) gives with its defaults (", ", ": ", ASCII only, keys in their order), except that
// numbers keep the text they have and a key that stands twice is written twice. kInvalidJson on any fault, with its
// offset. Linear time; nesting of any depth.
Result<std::string> python_json(std::string_view json);

// The members of an object and the elements of an array, each value as the text it has in `json`. kInvalidJson when it
// is no such container, or not JSON.
struct JsonMember {
  std::string key;  // UTF-8; a lone surrogate in an escape becomes U+FFFD
  std::string_view value;
};
Result<std::vector<JsonMember>> json_members(std::string_view json);
Result<std::vector<std::string_view>> json_elements(std::string_view json);

}  // namespace weft
