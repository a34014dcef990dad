#include "model_files/hf_config.h"

#include <vector>

#include "base/json.h"

namespace weft {
namespace {

struct Pending {
  std::string name;
  const Json* value;
};

template <class T, class Predicate, class Convert>
std::optional<MetadataValue> as_vector(const JsonArray& array, Predicate fits, Convert convert) {
  std::vector<T> out;
  out.reserve(array.size());
  for (const Json& value : array) {
    if (!fits(value)) return std::nullopt;
    out.push_back(convert(value));
  }
  return MetadataValue(std::move(out));
}

// An array of one kind; an empty one counts as strings.
std::optional<MetadataValue> uniform_array(const JsonArray& array) {
  if (auto out = as_vector<std::string>(
          array, [](const Json& v) { return v.is_string(); },
          [](const Json& v) { return std::string(v.get_string()); }))
    return out;
  if (auto out = as_vector<bool>(
          array, [](const Json& v) { return v.is_bool(); }, [](const Json& v) { return v.get_bool(); }))
    return out;
  if (auto out = as_vector<int64_t>(
          array, [](const Json& v) { return v.is_int64(); }, [](const Json& v) { return v.get_int64(); }))
    return out;
  return as_vector<double>(
      array, [](const Json& v) { return v.is_number(); }, [](const Json& v) { return v.to_number<double>(); });
}

std::optional<MetadataValue> scalar(const Json& value) {
  if (value.is_bool()) return MetadataValue(value.get_bool());
  if (value.is_int64()) return MetadataValue(value.get_int64());
  if (value.is_uint64()) return MetadataValue(value.get_uint64());
  if (value.is_double()) return MetadataValue(value.get_double());
  if (value.is_string()) return MetadataValue(std::string(value.get_string()));
  return std::nullopt;
}

}  // namespace

Status add_json(Metadata& metadata, std::string_view prefix, std::string_view json, const FileLimits& limits) {
  TRY_ASSIGN(Json root, parse_json(json, {limits.max_json_depth, limits.max_json_nodes}));
  if (!root.is_object()) return make_error(ErrorCode::kCorruptFile, "is not a JSON object");
  std::vector<Pending> pending;  // an explicit stack: the nesting comes from the file
  auto push_members = [&](std::string_view head, const JsonObject& object) {
    for (const auto& member : object)
      pending.push_back({fmt::format("{}{}", head, std::string_view(member.key())), &member.value()});
  };
  push_members(prefix, root.get_object());
  while (!pending.empty()) {
    Pending next = std::move(pending.back());
    pending.pop_back();
    if (const JsonObject* object = next.value->if_object()) {
      push_members(next.name + ".", *object);
    } else if (const JsonArray* array = next.value->if_array()) {
      if (auto value = uniform_array(*array)) {
        metadata.set(std::move(next.name), std::move(*value));
        continue;
      }
      for (size_t i = 0; i < array->size(); ++i) pending.push_back({fmt::format("{}.{}", next.name, i), &(*array)[i]});
    } else if (auto value = scalar(*next.value)) {
      metadata.set(std::move(next.name), std::move(*value));
    }
  }
  return {};
}

}  // namespace weft
