// Schemas with instances as the data files have them, one JSON object a line. Included by tests and tools only.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "grammar/schema_json.h"

namespace weft {

struct SchemaCase {
  struct Instance {
    std::string text, description;
    bool valid = false;
  };
  std::string name, schema;
  std::vector<Instance> instances;
};

// Compact JSON, numbers as `value` was read with.
inline void append_exact(std::string& out, const Json& value) {
  const char* separator = "";
  if (schema::is_number(value)) {
    out += schema::number_text(value);
  } else if (value.is_string()) {
    append_json_string(out, schema::string_text(value));
  } else if (value.is_array()) {
    out += '[';
    for (const Json& item : value.get_array()) {
      out += separator;
      append_exact(out, item);
      separator = ",";
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    for (const auto& member : value.get_object()) {
      out += separator;
      append_json_string(out, member.key());
      out += ':';
      append_exact(out, member.value());
      separator = ",";
    }
    out += '}';
  } else {
    append_json(out, value);
  }
}

inline std::vector<SchemaCase> read_schema_cases(const std::string& path) {
  std::vector<SchemaCase> cases;
  std::ifstream file(path);
  JsonLimits limits;
  limits.max_depth = 200;
  auto text = [](const Json& object, const char* key) {
    const Json* value = object.get_object().if_contains(key);
    return value != nullptr && value->is_string() ? std::string(schema::string_text(*value)) : std::string();
  };
  for (std::string line; std::getline(file, line);) {
    Result<Json> json = schema::parse_exact(line, limits);
    CHECK(json.has_value());
    SchemaCase each;
    each.name = text(*json, "id");
    if (each.name.empty()) each.name = text(*json, "file") + ": " + text(*json, "description");
    append_exact(each.schema, json->at("schema"));
    for (const Json& test : json->at("tests").as_array()) {
      SchemaCase::Instance instance{{}, text(test, "description"), test.at("valid").as_bool()};
      append_exact(instance.text, test.at("data"));
      each.instances.push_back(std::move(instance));
    }
    cases.push_back(std::move(each));
  }
  return cases;
}

}  // namespace weft
