#include "model_files/safetensors.h"

#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

#include "base/byte_reader.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model_files/extents.h"

namespace weft {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kHeaderDepth = 8;  // the format needs 3

struct DTypeName {
  std::string_view name;
  DType dtype;
};
constexpr DTypeName kDTypes[] = {{"F32", DType::kF32}, {"F16", DType::kF16}, {"BF16", DType::kBF16},
                                 {"F64", DType::kF64}, {"I8", DType::kI8},   {"U8", DType::kU8},
                                 {"I16", DType::kI16}, {"I32", DType::kI32}, {"I64", DType::kI64}};
// Of the format, but not of base/dtype.h.
constexpr std::string_view kUnreadDTypes[] = {"BOOL",    "U16", "U32",     "U64",     "F8_E4M3", "F8_E5M2",
                                              "F8_E8M0", "F4",  "F6_E2M3", "F6_E3M2", "C64"};

template <class... Args>
Error corrupt(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorCode::kCorruptFile, format, std::forward<Args>(args)...);
}

Result<DType> parse_dtype(dom::element value) {
  std::string_view name;
  if (value.get(name)) return corrupt("its dtype is not a string");
  for (const DTypeName& known : kDTypes) {
    if (known.name == name) return known.dtype;
  }
  if (std::find(std::begin(kUnreadDTypes), std::end(kUnreadDTypes), name) != std::end(kUnreadDTypes)) {
    return make_error(ErrorCode::kUnsupported, "has the dtype {}, which this build does not read", name);
  }
  return corrupt("the dtype \"{}\" does not exist", replace_invalid_utf8(name.substr(0, 32)));
}

Result<std::vector<int64_t>> parse_shape(dom::element value, const FileLimits& limits) {
  dom::array array;
  if (value.get(array)) return corrupt("its shape is not an array");
  if (array.size() > limits.max_dimensions) {
    return corrupt("has {} dimensions; at most {} are read", array.size(), limits.max_dimensions);
  }
  std::vector<int64_t> shape;
  for (dom::element size : array) {
    int64_t number;
    if (size.get(number) || number < 0) return corrupt("its shape holds something else than sizes");
    shape.push_back(number);
  }
  return shape;
}

struct Offsets {
  uint64_t begin = 0, end = 0;
};

Result<Offsets> parse_offsets(dom::element value) {
  dom::array array;
  Offsets offsets;
  if (value.get(array) || array.size() != 2 || array.at(0).get(offsets.begin) || array.at(1).get(offsets.end)) {
    return corrupt("its data_offsets are not two offsets");
  }
  return offsets;
}

// One tensor of the header; `data` is everything behind the header.
Result<TensorEntry> parse_tensor(std::string_view name, dom::element value, std::span<const std::byte> data,
                                 const FileLimits& limits) {
  dom::object object;
  if (value.get(object)) return corrupt("is not an object");
  std::optional<DType> dtype;
  std::optional<std::vector<int64_t>> shape;
  std::optional<Offsets> offsets;
  for (auto [key, field] : object) {
    bool repeated = false;
    if (key == "dtype") {
      repeated = dtype.has_value();
      TRY_ASSIGN(dtype, parse_dtype(field));
    } else if (key == "shape") {
      repeated = shape.has_value();
      TRY_ASSIGN(shape, parse_shape(field, limits));
    } else if (key == "data_offsets") {
      repeated = offsets.has_value();
      TRY_ASSIGN(offsets, parse_offsets(field));
    } else {
      return corrupt("has the unknown key \"{}\"", replace_invalid_utf8(key.substr(0, 64)));
    }
    if (repeated) return corrupt("has \"{}\" twice", key);
  }
  if (!dtype || !shape || !offsets) return corrupt("lacks one of dtype, shape and data_offsets");
  if (offsets->begin > offsets->end || offsets->end > data.size()) {
    return corrupt("its bytes {} to {} are not inside the data of {} bytes: the file is truncated or damaged",
                   offsets->begin, offsets->end, data.size());
  }
  std::optional<uint64_t> bytes = dtype_info(*dtype).block_bytes;
  for (int64_t size : *shape) {
    if (bytes) bytes = checked_mul(*bytes, static_cast<uint64_t>(size));
  }
  if (!bytes || *bytes != offsets->end - offsets->begin) {
    return corrupt("its {} bytes do not fit its shape and dtype", offsets->end - offsets->begin);
  }
  return TensorEntry{std::string(name), *dtype, std::move(*shape), data.subspan(offsets->begin, *bytes)};
}

Status check_notes(dom::element value) {
  dom::object notes;
  if (value.get(notes)) return corrupt("__metadata__ is not an object");
  for (auto [key, field] : notes) {
    if (!field.is_string()) return corrupt("__metadata__ holds something else than strings");
  }
  return {};
}

Result<std::vector<TensorEntry>> parse_header(dom::object header, std::span<const std::byte> data,
                                              const FileLimits& limits) {
  std::unordered_set<std::string_view> names;
  std::vector<TensorEntry> tensors;
  for (auto [key, field] : header) {
    if (!names.insert(key).second) return corrupt("the header has \"{}\" twice", key);
    if (key == "__metadata__") {
      TRY(check_notes(field));
      continue;
    }
    if (key.size() > limits.max_name_bytes) return corrupt("a tensor's name has {} bytes", key.size());
    if (tensors.size() == limits.max_tensors) return corrupt("has more than {} tensors", limits.max_tensors);
    auto tensor = parse_tensor(key, field, data, limits);
    if (!tensor) return in_context(fmt::format("tensor \"{}\"", key), std::move(tensor).take_error());
    tensors.push_back(std::move(*tensor));
  }
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const TensorEntry& a, const TensorEntry& b) { return a.bytes.data() < b.bytes.data(); });
  std::vector<Extent> extents;
  for (const TensorEntry& tensor : tensors) {
    auto begin = static_cast<uint64_t>(tensor.bytes.data() - data.data());
    extents.push_back({begin, begin + tensor.bytes.size(), tensor.name});
  }
  TRY(check_extents(extents, true, data.size()));
  return tensors;
}

}  // namespace

Result<std::vector<TensorEntry>> read_safetensors(std::span<const std::byte> bytes, const FileLimits& limits) {
  ByteReader reader(bytes);
  TRY_ASSIGN(auto length, reader.read<uint64_t>());
  if (length > limits.max_safetensors_header_bytes) {
    return corrupt("the header has {} bytes; at most {} are read", length, limits.max_safetensors_header_bytes);
  }
  TRY_ASSIGN(auto text, reader.take_text(length));
  if (!text.starts_with('{')) return corrupt("the header does not begin with {{");
  simdjson::padded_string padded(text);
  dom::parser parser;
  dom::element root;
  dom::object header;
  auto error = parser.allocate(std::max<size_t>(text.size(), 64), kHeaderDepth);
  if (!error) error = parser.parse(padded).get(root);
  if (!error) error = root.get(header);
  if (error) return corrupt("the header is not the JSON of safetensors: {}", simdjson::error_message(error));
  return parse_header(header, bytes.subspan(reader.offset()), limits);
}

Result<std::vector<std::string>> read_safetensors_index(std::string_view json, const FileLimits& limits) {
  TRY_ASSIGN(Json root, parse_json(json, {limits.max_json_depth, limits.max_json_nodes}));
  const Json* map = root.is_object() ? root.get_object().if_contains("weight_map") : nullptr;
  if (map == nullptr || !map->is_object()) return corrupt("has no object \"weight_map\"");
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->get_object()) {
    if (!file.is_string()) return corrupt("\"weight_map\" holds something else than file names");
    std::string name(file.get_string());
    if (name.find('/') != std::string::npos || name.starts_with('.') || name.find('\0') != std::string::npos ||
        !name.ends_with(".safetensors")) {
      return corrupt("\"weight_map\" names a file that is not a .safetensors file beside it");
    }
    names.insert(std::move(name));
    if (names.size() > limits.max_safetensors_files) {
      return corrupt("names more than {} files", limits.max_safetensors_files);
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace weft
