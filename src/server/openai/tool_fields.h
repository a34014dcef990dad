// The request's fields about tools, and the calls in its messages.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "frontend/text_request.h"

namespace weft {

constexpr size_t kMaxTools = 128;

struct ToolFields {
  JsonArray tools;
  std::optional<ToolChoice> choice;  // unset: auto where there are tools
  std::string name;                  // of ToolChoice::kNamed
};

// Functions with names of [A-Za-z0-9._-]{1,64}, and parameters whose types are JSON Schema's.
Status read_tools(std::string_view name, const Json& value, ToolFields& fields);
Status read_tool_choice(std::string_view name, const Json& value, ToolFields& fields);

// Moves the fields into the request; `prompt` gets the tools unless none may be called.
Status apply_tools(ToolFields fields, ChatPrompt& prompt, TextRequest& request);

// The tool_calls of an assistant's message, their arguments parsed: templates expect objects, clients send text.
Result<JsonArray> read_message_calls(const std::string& param, const Json& value);

}  // namespace weft
