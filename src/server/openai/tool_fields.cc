#include "server/openai/tool_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "server/openai/request_fields.h"

namespace weft {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr std::string_view kTypes[] = {"string", "number", "integer", "boolean", "object", "array", "null"};
// Keywords whose value is a schema, a list of schemas, or schemas by name.
constexpr std::string_view kSchemaKeywords[] = {"additionalProperties",
                                                "additionalItems",
                                                "items",
                                                "contains",
                                                "not",
                                                "if",
                                                "then",
                                                "else",
                                                "propertyNames",
                                                "unevaluatedItems",
                                                "unevaluatedProperties",
                                                "anyOf",
                                                "oneOf",
                                                "allOf",
                                                "prefixItems"};
constexpr std::string_view kSchemaMapKeywords[] = {"properties", "patternProperties", "$defs", "definitions",
                                                   "dependentSchemas"};

template <size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_tool_name(std::string_view name) {
  auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), is_allowed);
}

// What the Berkeley leaderboard's prompts, and others made from Python, write for JSON Schema's names.
std::string_view meant_type(std::string_view type) {
  if (type == "dict") return " Write \"object\".";
  if (type == "float") return " Write \"number\".";
  if (type == "tuple" || type == "list") return " Write \"array\".";
  if (type == "int") return " Write \"integer\".";
  if (type == "str") return " Write \"string\".";
  if (type == "bool") return " Write \"boolean\".";
  if (type == "any") return " Leave \"type\" out to allow every value.";
  return "";
}

Status check_type(const std::string& param, const Json& type) {
  auto check = [&](const Json& name) -> Status {
    std::string_view text = name.is_string() ? std::string_view(name.get_string()) : std::string_view();
    if (contains(kTypes, text)) return {};
    return param_error(param, "'{}' is not a type of JSON Schema.{}", text.substr(0, kMaxNameBytes), meant_type(text));
  };
  if (!type.is_array()) return check(type);
  for (const Json& name : type.get_array()) TRY(check(name));
  return {};
}

struct PlacedSchema {
  std::string path;
  const Json* schema;
};

void add_schemas(const std::string& path, const Json& value, std::vector<PlacedSchema>& todo) {
  if (value.is_array()) {
    for (size_t i = 0; i < value.get_array().size(); ++i) {
      todo.push_back({fmt::format("{}[{}]", path, i), &value.get_array()[i]});
    }
  } else if (value.is_object()) {
    todo.push_back({path, &value});
  }
}

// Every "type" in a schema, wherever schemas stand in it. An explicit stack: the depth is the client's.
Status check_types(const std::string& param, const Json& root) {
  std::vector<PlacedSchema> todo{{param, &root}};
  while (!todo.empty()) {
    PlacedSchema at = std::move(todo.back());
    todo.pop_back();
    if (!at.schema->is_object()) continue;
    for (const auto& member : at.schema->get_object()) {
      std::string_view key(member.key().data(), member.key().size());
      std::string path = fmt::format("{}.{}", at.path, key.substr(0, kMaxNameBytes));
      if (key == "type") TRY(check_type(path, member.value()));
      if (contains(kSchemaKeywords, key)) add_schemas(path, member.value(), todo);
      if (!contains(kSchemaMapKeywords, key) || !member.value().is_object()) continue;
      for (const auto& named : member.value().get_object()) {
        std::string_view name(named.key().data(), named.key().size());
        add_schemas(fmt::format("{}.{}", path, name.substr(0, kMaxNameBytes)), named.value(), todo);
      }
    }
  }
  return {};
}

Result<std::string> read_function(const std::string& param, const Json& tool) {
  TRY_ASSIGN(const JsonObject* object, read_object(param, tool));
  const Json* type = object->if_contains("type");
  if (type == nullptr || !type->is_string() || type->get_string() != "function") {
    Error error = make_error(ErrorCode::kUnsupported, "A tool must have the type \"function\".");
    error.param = param + ".type";
    return error;
  }
  const Json* function = object->if_contains("function");
  if (function == nullptr) return param_error(param + ".function", "The tool has no function.");
  TRY_ASSIGN(const JsonObject* members, read_object(param + ".function", *function));
  std::string at = param + ".function.";
  const Json* name = members->if_contains("name");
  if (name == nullptr) return param_error(at + "name", "The function has no name.");
  TRY_ASSIGN(std::string text, read_string(at + "name", *name));
  if (!is_tool_name(text)) {
    return param_error(at + "name", "A function's name has 1 to {} characters of A-Z, a-z, 0-9, '.', '_' and '-'.",
                       kMaxNameBytes);
  }
  if (const Json* words = members->if_contains("description"); words != nullptr && !words->is_null()) {
    TRY(read_string(at + "description", *words));
  }
  if (const Json* strict = members->if_contains("strict"); strict != nullptr && !strict->is_null()) {
    TRY(read_bool(at + "strict", *strict));
  }
  if (const Json* schema = members->if_contains("parameters"); schema != nullptr && !schema->is_null()) {
    TRY(read_object(at + "parameters", *schema));
    TRY(check_types(at + "parameters", *schema));
  }
  return text;
}

}  // namespace

Status read_tools(std::string_view name, const Json& value, ToolFields& fields) {
  TRY_ASSIGN(const JsonArray* tools, read_array(name, value));
  if (tools->size() > kMaxTools) {
    return param_error(name, "There are {} tools; at most {} are allowed.", tools->size(), kMaxTools);
  }
  std::set<std::string> names;
  for (size_t i = 0; i < tools->size(); ++i) {
    std::string param = fmt::format("{}[{}]", name, i);
    TRY_ASSIGN(std::string function, read_function(param, (*tools)[i]));
    if (!names.insert(function).second) {
      return param_error(param + ".function.name", "Two tools have the name '{}'.", function);
    }
  }
  fields.tools = *tools;
  return {};
}

Status read_tool_choice(std::string_view name, const Json& value, ToolFields& fields) {
  if (value.is_string()) {
    std::string_view text = value.get_string();
    if (text == "none") return fields.choice = ToolChoice::kNone, Status();
    if (text == "auto") return fields.choice = ToolChoice::kAuto, Status();
    if (text == "required") return fields.choice = ToolChoice::kRequired, Status();
    return param_error(name, "tool_choice is \"none\", \"auto\", \"required\" or an object that names a function.");
  }
  std::string param(name);
  TRY_ASSIGN(const JsonObject* choice, read_object(name, value));
  const Json* type = choice->if_contains("type");
  if (type == nullptr || !type->is_string() || type->get_string() != "function") {
    return param_error(param + ".type", "A tool_choice that is an object must have the type \"function\".");
  }
  const Json* function = choice->if_contains("function");
  if (function == nullptr) return param_error(param + ".function", "tool_choice names no function.");
  TRY_ASSIGN(const JsonObject* members, read_object(param + ".function", *function));
  const Json* called = members->if_contains("name");
  if (called == nullptr) return param_error(param + ".function.name", "tool_choice names no function.");
  TRY_ASSIGN(fields.name, read_string(param + ".function.name", *called));
  fields.choice = ToolChoice::kNamed;
  return {};
}

Status apply_tools(ToolFields fields, ChatPrompt& prompt, TextRequest& request) {
  request.tool_choice = fields.choice.value_or(ToolChoice::kAuto);
  if (fields.tools.empty()) {
    bool needs_tools = request.tool_choice == ToolChoice::kRequired || request.tool_choice == ToolChoice::kNamed;
    if (needs_tools) return param_error("tool_choice", "tool_choice asks for a call, but there are no tools.");
    request.tool_choice = ToolChoice::kNone;
    return {};
  }
  if (request.tool_choice == ToolChoice::kNone) return {};
  if (request.tool_choice == ToolChoice::kNamed) {
    auto is_named = [&](const Json& tool) { return tool.at("function").at("name").get_string() == fields.name; };
    if (std::none_of(fields.tools.begin(), fields.tools.end(), is_named)) {
      return param_error("tool_choice.function.name", "No tool has the name '{}'.",
                         fields.name.substr(0, kMaxNameBytes));
    }
  }
  request.tool_name = std::move(fields.name);
  prompt.tools = std::move(fields.tools);
  return {};
}

Result<JsonArray> read_message_calls(const std::string& param, const Json& value) {
  TRY_ASSIGN(const JsonArray* given, read_array(param, value));
  JsonArray calls = *given;
  for (size_t i = 0; i < calls.size(); ++i) {
    std::string at = fmt::format("{}[{}]", param, i);
    TRY(read_object(at, calls[i]));
    JsonObject& call = calls[i].get_object();
    Json* function = call.if_contains("function");
    if (function == nullptr) return param_error(at + ".function", "The call has no function.");
    TRY(read_object(at + ".function", *function));
    JsonObject& members = function->get_object();
    const Json* name = members.if_contains("name");
    if (name == nullptr) return param_error(at + ".function.name", "The called function has no name.");
    TRY(read_string(at + ".function.name", *name));
    if (const Json* id = call.if_contains("id"); id != nullptr && !id->is_null()) TRY(read_string(at + ".id", *id));
    Json& arguments = members["arguments"];
    if (arguments.is_object()) continue;
    if (arguments.is_null() || (arguments.is_string() && arguments.get_string().empty())) {
      arguments = JsonObject();
      continue;
    }
    TRY_ASSIGN(std::string text, read_string(at + ".function.arguments", arguments));
    Result<Json> parsed = parse_json(text);
    if (!parsed || !parsed->is_object()) {
      return param_error(at + ".function.arguments", "The arguments of a call must be a JSON object, as text.");
    }
    arguments = std::move(*parsed);
  }
  return calls;
}

}  // namespace weft
