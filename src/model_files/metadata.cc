#include "model_files/metadata.h"

#include <cmath>
#include <limits>

namespace weft {
namespace {

struct Found {
  std::string_view key;
  const MetadataValue* value = nullptr;
};

Found find_first(const Metadata& metadata, Metadata::Names names) {
  for (std::string_view name : names) {
    if (const MetadataValue* value = metadata.find(name)) return {name, value};
  }
  return {};
}

Error missing(Metadata::Names names) {
  std::string list;
  for (std::string_view name : names) list += fmt::format("{}\"{}\"", list.empty() ? "" : " or ", name);
  return make_error(ErrorCode::kNotFound, "the model's metadata has no {}", list);
}

Error wrong_type(std::string_view key, std::string_view wanted) {
  return make_error(ErrorCode::kCorruptFile, "the metadata key \"{}\" is not {}", key, wanted);
}

Result<int64_t> to_integer(const Found& found) {
  if (auto* value = std::get_if<int64_t>(found.value)) return *value;
  if (auto* value = std::get_if<uint64_t>(found.value)) {
    if (*value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return make_error(ErrorCode::kCorruptFile, "the metadata key \"{}\" is {}, above 2^63 - 1", found.key, *value);
    }
    return static_cast<int64_t>(*value);
  }
  // Configurations written by hand hold 1e6 or 10000.0 where an integer is meant.
  if (auto* value = std::get_if<double>(found.value)) {
    if (std::trunc(*value) == *value && std::abs(*value) < 0x1p53) return static_cast<int64_t>(*value);
  }
  return wrong_type(found.key, "an integer");
}

Result<double> to_real(const Found& found) {
  if (auto* value = std::get_if<double>(found.value)) return *value;
  if (auto* value = std::get_if<int64_t>(found.value)) return static_cast<double>(*value);
  if (auto* value = std::get_if<uint64_t>(found.value)) return static_cast<double>(*value);
  return wrong_type(found.key, "a number");
}

Result<std::string> to_text(const Found& found) {
  if (auto* value = std::get_if<std::string>(found.value)) return *value;
  return wrong_type(found.key, "a string");
}

Result<bool> to_boolean(const Found& found) {
  if (auto* value = std::get_if<bool>(found.value)) return *value;
  return wrong_type(found.key, "true or false");
}

template <class T>
Result<T> read(const Metadata& metadata, Metadata::Names names, Result<T> (*convert)(const Found&)) {
  Found found = find_first(metadata, names);
  if (found.value == nullptr) return missing(names);
  return convert(found);
}

template <class T>
Result<T> read_or(const Metadata& metadata, Metadata::Names names, T fallback, Result<T> (*convert)(const Found&)) {
  Found found = find_first(metadata, names);
  if (found.value == nullptr) return fallback;
  return convert(found);
}

}  // namespace

const MetadataValue* Metadata::find(std::string_view key) const {
  auto at = values_.find(key);
  return at == values_.end() ? nullptr : &at->second;
}
const MetadataValue* Metadata::find(Names names) const { return find_first(*this, names).value; }

Result<int64_t> Metadata::integer(Names names) const { return read(*this, names, to_integer); }
Result<double> Metadata::real(Names names) const { return read(*this, names, to_real); }
Result<std::string> Metadata::text(Names names) const { return read(*this, names, to_text); }
Result<bool> Metadata::boolean(Names names) const { return read(*this, names, to_boolean); }

Result<int64_t> Metadata::integer_or(Names names, int64_t fallback) const {
  return read_or(*this, names, fallback, to_integer);
}
Result<double> Metadata::real_or(Names names, double fallback) const {
  return read_or(*this, names, fallback, to_real);
}
Result<std::string> Metadata::text_or(Names names, std::string fallback) const {
  return read_or(*this, names, std::move(fallback), to_text);
}
Result<bool> Metadata::boolean_or(Names names, bool fallback) const {
  return read_or(*this, names, fallback, to_boolean);
}

}  // namespace weft
