// URI references (RFC 3986) and JSON pointers (RFC 6901), as far as `$ref` needs them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::schema {

// `reference` as seen from the document at `base` (either may be relative).
std::string resolve_uri(std::string_view base, std::string_view reference);
// What stands before and after the first '#'.
std::pair<std::string_view, std::string_view> split_fragment(std::string_view uri);
std::string percent_decoded(std::string_view text);
// The reference tokens of "/a/b~1c": "a", "b/c".
std::vector<std::string> pointer_tokens(std::string_view pointer);
// `pointer` one step further down.
std::string pointer_child(std::string_view pointer, std::string_view token);

}  // namespace weft::schema
