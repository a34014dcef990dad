// The request's fields that bind an answer to a structure: response_format, vLLM's structured_outputs, and the guided_*
// fields that came before it. At most one may bind.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "frontend/text_request.h"

namespace weft {

// How a structure is to be written; applies to whichever field names one.
struct StructureOptions {
  std::string whitespace_pattern;
  bool compact_whitespace = false;
  bool no_additional_properties = false;
};

struct StructureFields {
  std::optional<RequiredStructure> structure;
  StructureOptions options;
  std::string options_field;  // the last that set an option
};

// Each reads one field of the request's body.
Status read_response_format(std::string_view name, const Json& value, StructureFields& fields);
Status read_structured_outputs(std::string_view name, const Json& value, StructureFields& fields);
// guided_json, guided_regex, guided_choice, guided_grammar, guided_json_object, guided_whitespace_pattern.
Status read_guided_field(std::string_view name, const Json& value, StructureFields& fields);

// The structure with its options; kInvalidValue for options without a structure.
Result<std::optional<RequiredStructure>> take_structure(StructureFields fields);

}  // namespace weft
