// The fields of a structural tag's JSON, with errors that say where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "base/status.h"
#include "grammar/ebnf_syntax.h"

namespace weft {

// One format object. Borrows the JSON.
struct TagNode {
  const JsonObject* json = nullptr;
  std::string path;     // "format.tags[1]"
  std::string trigger;  // of a dispatch's rule

  Error error(std::string_view reason) const;  // kInvalidValue
  bool has(std::string_view field) const;      // and it is not null
  bool is_object(std::string_view field) const;
  bool has_elements(std::string_view field) const;  // a list with something in it

  // Required fields of one type.
  Result<std::string> string(std::string_view field) const;
  Result<int64_t> integer(std::string_view field) const;
  Result<TagNode> object(std::string_view field) const;
  Result<std::vector<TagNode>> objects(std::string_view field) const;
  Result<std::string> json_text(std::string_view field) const;  // of an object, a boolean, or a string with JSON
  Result<int32_t> token(std::string_view field, const TokenLookup& tokens) const;
  // Optional ones.
  Result<std::vector<std::string>> strings(std::string_view field) const;
  Result<bool> flag(std::string_view field, bool fallback = false) const;
  Result<std::string> optional_string(std::string_view field, std::string_view fallback) const;
  Result<std::optional<int64_t>> optional_integer(std::string_view field) const;

  // A tag's "end": one string, several, or a token (then none).
  Result<std::vector<std::string>> end_strings() const;
  // A dispatch's "rules": pairs of a trigger and a format.
  Result<std::vector<TagNode>> dispatch_rules() const;
};

// The tag's format. The form with "structures" and "triggers" is turned into one.
Result<Json> read_structural_tag(std::string_view text, const GrammarLimits& limits);

}  // namespace weft
