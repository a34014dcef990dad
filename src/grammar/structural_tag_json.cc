#include "grammar/structural_tag_json.h"

#include <utility>

namespace weft {

Error TagNode::error(std::string_view reason) const {
  return make_error(ErrorCode::kInvalidValue, "Structural tag, {}: {}.", path, reason);
}

namespace {

const Json* find(const TagNode& node, std::string_view field) {
  const Json* value = node.json->if_contains(field);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Error wrong_type(const TagNode& node, std::string_view field, std::string_view wanted) {
  return node.error(fmt::format("\"{}\" has to be {}", field, wanted));
}

}  // namespace

bool TagNode::has(std::string_view field) const { return find(*this, field) != nullptr; }

bool TagNode::is_object(std::string_view field) const {
  const Json* value = find(*this, field);
  return value != nullptr && value->is_object();
}

bool TagNode::has_elements(std::string_view field) const {
  const Json* value = find(*this, field);
  return value != nullptr && (!value->is_array() || !value->as_array().empty());
}

Result<std::string> TagNode::string(std::string_view field) const {
  const Json* value = find(*this, field);
  if (value == nullptr || !value->is_string()) return wrong_type(*this, field, "a string");
  return std::string(value->as_string());
}

Result<int64_t> TagNode::integer(std::string_view field) const {
  const Json* value = find(*this, field);
  if (value == nullptr || !value->is_int64()) return wrong_type(*this, field, "an integer");
  return value->as_int64();
}

Result<std::optional<int64_t>> TagNode::optional_integer(std::string_view field) const {
  if (!has(field)) return std::optional<int64_t>();
  TRY_ASSIGN(const int64_t value, integer(field));
  return std::optional(value);
}

Result<std::string> TagNode::optional_string(std::string_view field, std::string_view fallback) const {
  if (!has(field)) return std::string(fallback);
  return string(field);
}

Result<bool> TagNode::flag(std::string_view field, bool fallback) const {
  const Json* value = find(*this, field);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) return wrong_type(*this, field, "true or false");
  return value->as_bool();
}

Result<TagNode> TagNode::object(std::string_view field) const {
  const Json* value = find(*this, field);
  if (value == nullptr || !value->is_object()) return wrong_type(*this, field, "an object");
  return TagNode{&value->as_object(), fmt::format("{}.{}", path, field), {}};
}

Result<std::vector<TagNode>> TagNode::objects(std::string_view field) const {
  const Json* value = find(*this, field);
  if (value == nullptr || !value->is_array()) return wrong_type(*this, field, "a list of objects");
  std::vector<TagNode> out;
  for (const Json& element : value->as_array()) {
    if (!element.is_object()) return wrong_type(*this, field, "a list of objects");
    out.push_back({&element.as_object(), fmt::format("{}.{}[{}]", path, field, out.size()), {}});
  }
  return out;
}

Result<std::vector<std::string>> TagNode::strings(std::string_view field) const {
  std::vector<std::string> out;
  const Json* value = find(*this, field);
  if (value == nullptr) return out;
  if (!value->is_array()) return wrong_type(*this, field, "a list of strings");
  for (const Json& element : value->as_array()) {
    if (!element.is_string()) return wrong_type(*this, field, "a list of strings");
    out.emplace_back(element.as_string());
  }
  return out;
}

Result<std::string> TagNode::json_text(std::string_view field) const {
  const Json* value = find(*this, field);
  if (value != nullptr && value->is_string()) return std::string(value->as_string());
  if (value == nullptr || !(value->is_object() || value->is_bool())) {
    return wrong_type(*this, field, "a JSON schema");
  }
  return write_json(*value);
}

Result<int32_t> TagNode::token(std::string_view field, const TokenLookup& tokens) const {
  const Json* value = find(*this, field);
  if (value != nullptr && value->is_int64() && value->as_int64() >= 0 && value->as_int64() <= INT32_MAX) {
    return static_cast<int32_t>(value->as_int64());
  }
  if (value == nullptr || !value->is_string()) return wrong_type(*this, field, "a token's number or name");
  const std::string_view name = value->as_string();
  const std::optional<int32_t> id = tokens ? tokens(name) : std::nullopt;
  if (!id) return error(fmt::format("the vocabulary has no token '{}'", name));
  return *id;
}

Result<std::vector<std::string>> TagNode::end_strings() const {
  const Json* value = find(*this, "end");
  if (value != nullptr && value->is_object()) return std::vector<std::string>();
  if (value != nullptr && value->is_string()) return std::vector<std::string>{std::string(value->as_string())};
  if (value == nullptr || !has_elements("end")) return wrong_type(*this, "end", "a string, several, or a token");
  return strings("end");
}

Result<std::vector<TagNode>> TagNode::dispatch_rules() const {
  const Json* value = find(*this, "rules");
  if (value == nullptr || !value->is_array() || value->as_array().empty()) {
    return wrong_type(*this, "rules", "a list of pairs");
  }
  std::vector<TagNode> out;
  for (const Json& pair : value->as_array()) {
    const JsonArray* items = pair.if_array();
    if (items == nullptr || items->size() != 2 || !(*items)[0].is_string() || !(*items)[1].is_object()) {
      return wrong_type(*this, "rules", "a list of pairs of a string and a format");
    }
    out.push_back({&(*items)[1].as_object(), fmt::format("{}.rules[{}]", path, out.size()),
                   std::string((*items)[0].as_string())});
  }
  return out;
}

namespace {

// {"structures": [{"begin", "schema", "end"}], "triggers": [..]} as triggered tags.
Result<Json> from_structures(const JsonObject& tag) {
  const TagNode node{&tag, "structures", {}};
  TRY_ASSIGN(const std::vector<TagNode> structures, node.objects("structures"));
  JsonArray tags;
  for (const TagNode& structure : structures) {
    TRY_ASSIGN(const std::string begin, structure.string("begin"));
    TRY_ASSIGN(const std::string end, structure.string("end"));
    const Json* schema = structure.json->if_contains("schema");
    JsonObject content{{"type", "json_schema"}, {"json_schema", schema == nullptr ? Json(true) : *schema}};
    tags.push_back(JsonObject{{"type", "tag"}, {"begin", begin}, {"content", std::move(content)}, {"end", end}});
  }
  const Json* triggers = tag.if_contains("triggers");
  return Json(JsonObject{{"type", "triggered_tags"},
                         {"triggers", triggers == nullptr ? Json(JsonArray()) : *triggers},
                         {"tags", std::move(tags)}});
}

}  // namespace

Result<Json> read_structural_tag(std::string_view text, const GrammarLimits& limits) {
  // A tag holds the schemas of many tools, each with the limits of a schema, and its own levels around them.
  constexpr size_t kSchemas = 8;
  constexpr size_t kLevels = 24;
  if (text.size() > kSchemas * limits.schema_bytes) {
    return make_error(ErrorCode::kGrammarTooComplex, "A structural tag of {} bytes is too long; at most {}.",
                      text.size(), kSchemas * limits.schema_bytes);
  }
  TRY_ASSIGN(Json json, parse_json(text, {.max_depth = limits.schema_depth + kLevels}));
  if (!json.is_object()) return make_error(ErrorCode::kInvalidValue, "A structural tag has to be a JSON object.");
  const JsonObject& tag = json.as_object();
  if (tag.contains("structures")) return from_structures(tag);
  const Json* format = tag.if_contains("format");
  if (format == nullptr || !format->is_object()) {
    return make_error(ErrorCode::kInvalidValue,
                      "A structural tag needs \"format\", an object, or \"structures\" and \"triggers\".");
  }
  return Json(*format);
}

}  // namespace weft
