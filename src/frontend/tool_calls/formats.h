// The ways in which models write calls, by name, and which of them a chat template speaks of.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/tool_calls/tool_call_parser.h"

namespace weft {

// What an answer must look like to be one call of a tool: `begin`, the arguments as JSON, `end`. NAME in `begin` stands
// for the tool's name. `separator` stands between two calls; empty: there is one only.
struct ForcedCall {
  std::string_view begin, end, separator;
};

struct ToolCallFormat {
  std::string_view name;                  // as --tool-call-parser takes it
  std::vector<std::string_view> aliases;  // names of the same at other servers
  std::vector<std::string_view> markers;  // that a tokenizer may hold as special tokens: never hidden from the parser
  CallIdStyle id_style = CallIdStyle::kOpenAi;
  // Calls that a grammar forces look so and are read by this format's own parser; empty: by that of forced_format().
  ForcedCall forced;
  std::unique_ptr<ToolCallParser> (*make)(ToolCallContext context);
};

std::span<const ToolCallFormat> tool_call_formats();

// By name or alias; null if there is none.
const ToolCallFormat* find_tool_call_format(std::string_view name);

// The one that a template (its Jinja source) asks the model for; null: none that is known.
const ToolCallFormat* detect_tool_call_format(std::string_view chat_template);

// What forced calls of a model are written in: its own format, or hermes where that is not JSON.
const ToolCallFormat& forced_format(const ToolCallFormat* own);

}  // namespace weft
