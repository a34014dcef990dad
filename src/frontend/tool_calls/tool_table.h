// The tools of a request as parsers need them: which names there are, and which parameters are text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"

namespace weft {

// How a parameter's value that a model wrote without quotes becomes JSON.
enum class ParameterKind {
  kUnknown,  // the schema does not say: JSON if it is some, else text
  kText,     // a string, as it stands
  kValue,    // a number, boolean, list or object: JSON, else text
};

class ToolTable {
 public:
  ToolTable() = default;
  // `tools` as OpenAI has them: {"type":"function","function":{"name":..,"parameters":{..}}}. What does not look so is
  // left out.
  explicit ToolTable(const JsonArray& tools);

  bool contains(std::string_view name) const { return tools_.contains(name); }
  ParameterKind parameter_kind(std::string_view tool, std::string_view parameter) const;

 private:
  using Parameters = std::map<std::string, ParameterKind, std::less<>>;
  std::map<std::string, Parameters, std::less<>> tools_;
};

// `text` as the JSON that it means for a parameter of this kind: as it stands, with Python's True, False and None
// translated, or as a JSON string.
std::string parameter_json(std::string_view text, ParameterKind kind);

}  // namespace weft
