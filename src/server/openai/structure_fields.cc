#include "server/openai/structure_fields.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "server/openai/request_fields.h"

namespace weft {
namespace {

using Kind = GrammarSpec::Kind;

Status set(StructureFields& fields, std::string field, GrammarSpec spec) {
  if (fields.structure) {
    return param_error(field, "{} and {} both say what the answer must look like; send one.", fields.structure->field,
                       field);
  }
  fields.structure = RequiredStructure{std::move(spec), std::move(field)};
  return {};
}

// A schema or tag as JSON, or as a string that holds it.
Result<std::string> read_json_text(std::string_view param, const Json& value, bool booleans) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_object() || (booleans && value.is_bool())) return write_json(value);
  return param_error(param, "{} must be an object, or a string that holds one as JSON.", param);
}

Status read_schema(const std::string& param, const Json& value, StructureFields& fields, bool strict = true) {
  TRY_ASSIGN(std::string text, read_json_text(param, value, true));
  return set(fields, param, {.kind = Kind::kJsonSchema, .text = std::move(text), .strict = strict});
}

Status read_text(const std::string& param, const Json& value, Kind kind, StructureFields& fields) {
  TRY_ASSIGN(std::string text, read_string(param, value));
  if (text.empty()) return param_error(param, "{} is empty.", param);
  return set(fields, param, {.kind = kind, .text = std::move(text)});
}

Status read_choices(const std::string& param, const Json& value, StructureFields& fields) {
  TRY_ASSIGN(const JsonArray* items, read_array(param, value));
  size_t limit = GrammarLimits().choices;
  if (items->empty() || items->size() > limit) {
    return param_error(param, "{} must have 1 to {} entries; it has {}.", param, limit, items->size());
  }
  GrammarSpec spec{.kind = Kind::kChoice};
  for (size_t i = 0; i < items->size(); ++i) {
    TRY_ASSIGN(std::string choice, read_string(fmt::format("{}[{}]", param, i), (*items)[i]));
    spec.choices.push_back(std::move(choice));
  }
  return set(fields, param, std::move(spec));
}

Status read_json_object(const std::string& param, const Json& value, StructureFields& fields) {
  TRY_ASSIGN(bool on, read_bool(param, value));
  return on ? set(fields, param, {.kind = Kind::kJsonObject}) : Status();
}

Status read_structural_tag(const std::string& param, const Json& value, StructureFields& fields) {
  TRY_ASSIGN(std::string text, read_json_text(param, value, false));
  return set(fields, param, {.kind = Kind::kStructuralTag, .text = std::move(text)});
}

// One member of structured_outputs, or a guided_ field; false: there is none of that name.
Result<bool> read_member(std::string_view key, const std::string& param, const Json& value, StructureFields& fields) {
  if (key == "json") {
    TRY(read_schema(param, value, fields));
  } else if (key == "regex") {
    TRY(read_text(param, value, Kind::kRegex, fields));
  } else if (key == "choice" || key == "choices") {
    TRY(read_choices(param, value, fields));
  } else if (key == "grammar") {
    TRY(read_text(param, value, Kind::kGrammar, fields));
  } else if (key == "json_object") {
    TRY(read_json_object(param, value, fields));
  } else if (key == "structural_tag") {
    TRY(read_structural_tag(param, value, fields));
  } else if (key == "whitespace_pattern") {
    TRY_ASSIGN(fields.options.whitespace_pattern, read_string(param, value));
    fields.options_field = param;
  } else if (key == "disable_any_whitespace") {
    TRY_ASSIGN(fields.options.compact_whitespace, read_bool(param, value));
    if (fields.options.compact_whitespace) fields.options_field = param;
  } else if (key == "disable_additional_properties") {
    TRY_ASSIGN(fields.options.no_additional_properties, read_bool(param, value));
    if (fields.options.no_additional_properties) fields.options_field = param;
  } else {
    return false;
  }
  return true;
}

Status read_json_schema_format(const std::string& param, const JsonObject& format, StructureFields& fields) {
  const Json* inner = format.if_contains("json_schema");
  if (inner == nullptr) return param_error(param, "A response_format of the type json_schema needs json_schema.");
  TRY_ASSIGN(const JsonObject* object, read_object(param, *inner));
  bool strict = true;
  const Json* schema = nullptr;
  for (const auto& member : *object) {
    std::string_view key(member.key().data(), member.key().size());
    std::string path = fmt::format("{}.{}", param, key.substr(0, 64));
    if (member.value().is_null()) continue;
    if (key == "strict") {
      TRY_ASSIGN(strict, read_bool(path, member.value()));
    } else if (key == "schema") {
      schema = &member.value();
    } else if (key == "name" || key == "description") {
      TRY(read_string(path, member.value()));
    } else {
      return param_error(path, "'{}' is not a member of json_schema; name, description, schema and strict are.",
                         key.substr(0, 64));
    }
  }
  if (schema == nullptr) return param_error(param + ".schema", "json_schema needs a schema.");
  return read_schema(param + ".schema", *schema, fields, strict);
}

}  // namespace

Status read_response_format(std::string_view name, const Json& value, StructureFields& fields) {
  TRY_ASSIGN(const JsonObject* format, read_object(name, value));
  std::string type_param = fmt::format("{}.type", name);
  const Json* type = format->if_contains("type");
  if (type == nullptr) return param_error(type_param, "response_format needs a type.");
  TRY_ASSIGN(std::string type_name, read_string(type_param, *type));
  if (type_name == "text") return {};
  if (type_name == "json_object") return set(fields, std::string(name), {.kind = Kind::kJsonObject});
  if (type_name == "json_schema") return read_json_schema_format(fmt::format("{}.json_schema", name), *format, fields);
  if (type_name == "structural_tag") return read_structural_tag(std::string(name), value, fields);
  return param_error(type_param, "The types of response_format are text, json_object, json_schema and structural_tag.");
}

Status read_structured_outputs(std::string_view name, const Json& value, StructureFields& fields) {
  TRY_ASSIGN(const JsonObject* object, read_object(name, value));
  for (const auto& member : *object) {
    if (member.value().is_null()) continue;
    std::string_view key(member.key().data(), member.key().size());
    std::string param = fmt::format("{}.{}", name, key.substr(0, 64));
    TRY_ASSIGN(bool known, read_member(key, param, member.value(), fields));
    if (!known) {
      return param_error(param,
                         "'{}' is not a member of structured_outputs; json, regex, choice, grammar, json_object, "
                         "structural_tag, whitespace_pattern, disable_any_whitespace and "
                         "disable_additional_properties are.",
                         key.substr(0, 64));
    }
  }
  return {};
}

Status read_guided_field(std::string_view name, const Json& value, StructureFields& fields) {
  constexpr std::string_view kPrefix = "guided_";
  TRY(read_member(name.substr(kPrefix.size()), std::string(name), value, fields));
  return {};
}

Result<std::optional<RequiredStructure>> take_structure(StructureFields fields) {
  if (!fields.structure) {
    if (fields.options_field.empty()) return std::optional<RequiredStructure>();
    return param_error(fields.options_field, "{} says how a structure is written, but no field asks for one.",
                       fields.options_field);
  }
  GrammarSpec& spec = fields.structure->spec;
  spec.whitespace_pattern = std::move(fields.options.whitespace_pattern);
  spec.compact_whitespace = fields.options.compact_whitespace;
  spec.no_additional_properties = fields.options.no_additional_properties;
  return std::move(fields.structure);
}

}  // namespace weft
