#include "frontend/tool_calls/tool_table.h"

#include <algorithm>

#include "frontend/tool_calls/json_reader.h"

namespace weft {
namespace {

const JsonObject* member_object(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

ParameterKind kind_of_type(const Json& type) {
  if (!type.is_string()) return ParameterKind::kUnknown;
  return type.get_string() == "string" ? ParameterKind::kText : ParameterKind::kValue;
}

// Only what a schema says plainly counts: "type", or an enum or const of one kind. The rest is kUnknown.
ParameterKind kind_of_schema(const Json& schema) {
  if (!schema.is_object()) return ParameterKind::kUnknown;
  const JsonObject& object = schema.get_object();
  if (const Json* type = object.if_contains("type")) return kind_of_type(*type);
  const Json* values = object.if_contains("enum");
  if (values == nullptr || !values->is_array() || values->get_array().empty()) return ParameterKind::kUnknown;
  const JsonArray& items = values->get_array();
  auto is_text = [](const Json& item) { return item.is_string(); };
  if (std::all_of(items.begin(), items.end(), is_text)) return ParameterKind::kText;
  return std::none_of(items.begin(), items.end(), is_text) ? ParameterKind::kValue : ParameterKind::kUnknown;
}

bool is_json(std::string_view text) {
  JsonReader reader;
  std::string copy;
  size_t used = reader.push(text, copy);
  reader.finish();
  return reader.state() == JsonReader::State::kDone &&
         text.find_first_not_of(" \t\r\n", used) == std::string_view::npos;
}

}  // namespace

ToolTable::ToolTable(const JsonArray& tools) {
  for (const Json& tool : tools) {
    if (!tool.is_object()) continue;
    const JsonObject* function = member_object(tool.get_object(), "function");
    const Json* name = function != nullptr ? function->if_contains("name") : nullptr;
    if (name == nullptr || !name->is_string()) continue;
    Parameters& parameters = tools_[std::string(name->get_string())];
    const JsonObject* schema = member_object(*function, "parameters");
    const JsonObject* properties = schema != nullptr ? member_object(*schema, "properties") : nullptr;
    if (properties == nullptr) continue;
    for (const auto& member : *properties) parameters[std::string(member.key())] = kind_of_schema(member.value());
  }
}

ParameterKind ToolTable::parameter_kind(std::string_view tool, std::string_view parameter) const {
  auto at = tools_.find(tool);
  if (at == tools_.end()) return ParameterKind::kUnknown;
  auto kind = at->second.find(parameter);
  return kind == at->second.end() ? ParameterKind::kUnknown : kind->second;
}

std::string parameter_json(std::string_view text, ParameterKind kind) {
  std::string json;
  if (kind != ParameterKind::kText) {
    if (text == "True") return "true";
    if (text == "False") return "false";
    if (text == "None") return "null";
    if (is_json(text)) {
      size_t first = text.find_first_not_of(" \t\r\n");
      size_t last = text.find_last_not_of(" \t\r\n");
      JsonReader reader;
      reader.push(text.substr(first, last - first + 1), json);
      return json;
    }
  }
  append_json_string(json, text);
  return json;
}

}  // namespace weft
