#include "model_files/gguf.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <unordered_set>

#include "base/byte_reader.h"
#include "base/utf8.h"
#include "model_files/extents.h"

namespace weft {
namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr uint32_t kDefaultAlignment = 32;

// Value types of the specification (gguf_metadata_value_type).
enum class ValueType : uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64
};

struct TypeName {
  uint32_t number;
  std::string_view name;
};

// ggml types that have a number but no DType.
constexpr TypeName kUnreadTypes[] = {{9, "Q8_1"},     {10, "Q2_K"},   {11, "Q3_K"},    {15, "Q8_K"},
                                     {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"},
                                     {20, "IQ4_NL"},  {21, "IQ3_S"},  {22, "IQ2_S"},   {23, "IQ4_XS"},
                                     {29, "IQ1_M"},   {34, "TQ1_0"},  {35, "TQ2_0"},   {39, "MXFP4"}};

std::optional<DType> dtype_of(uint32_t ggml_type) {
  switch (ggml_type) {
    case 0:
      return DType::kF32;
    case 1:
      return DType::kF16;
    case 2:
      return DType::kQ4_0;
    case 3:
      return DType::kQ4_1;
    case 6:
      return DType::kQ5_0;
    case 7:
      return DType::kQ5_1;
    case 8:
      return DType::kQ8_0;
    case 12:
      return DType::kQ4_K;
    case 13:
      return DType::kQ5_K;
    case 14:
      return DType::kQ6_K;
    case 24:
      return DType::kI8;
    case 25:
      return DType::kI16;
    case 26:
      return DType::kI32;
    case 27:
      return DType::kI64;
    case 28:
      return DType::kF64;
    case 30:
      return DType::kBF16;
    default:
      return std::nullopt;
  }
}

Error unsupported_type(std::string_view tensor, uint32_t ggml_type) {
  auto known = std::find_if(std::begin(kUnreadTypes), std::end(kUnreadTypes),
                            [&](const TypeName& type) { return type.number == ggml_type; });
  return make_error(ErrorCode::kUnsupported, "tensor \"{}\" has ggml type {} ({}), which this build does not read",
                    tensor, ggml_type, known == std::end(kUnreadTypes) ? "unknown" : known->name);
}

// Reads one file; each member function leaves the reader behind what it has read.
class GgufReader {
 public:
  GgufReader(std::span<const std::byte> bytes, const FileLimits& limits)
      : bytes_(bytes), reader_(bytes), limits_(limits) {}

  Result<GgufContents> read() {
    TRY(read_header());
    TRY(read_values());
    TRY(read_alignment());
    TRY(read_directory());
    TRY(place_tensors());
    return std::move(contents_);
  }

 private:
  Status read_header() {
    if (bytes_.empty()) return make_error(ErrorCode::kCorruptFile, "the file is empty");
    TRY_ASSIGN(auto magic, reader_.read<uint32_t>());
    if (magic != kMagic) return make_error(ErrorCode::kCorruptFile, "is not a GGUF file: its first bytes are not GGUF");
    TRY_ASSIGN(auto version, reader_.read<uint32_t>());
    if (version != 0 && (version & 0xFFFF) == 0) {
      return make_error(ErrorCode::kUnsupported, "is a big-endian GGUF file; only little-endian ones are read");
    }
    if (version != 2 && version != 3) {
      return make_error(ErrorCode::kUnsupported, "has GGUF version {}; versions 2 and 3 are read", version);
    }
    TRY_ASSIGN(num_tensors_, reader_.read<uint64_t>());
    TRY_ASSIGN(num_values_, reader_.read<uint64_t>());
    TRY(check_limit("tensors", num_tensors_, limits_.max_tensors));
    TRY(check_limit("key-values", num_values_, limits_.max_gguf_values));
    return {};
  }

  static Status check_limit(std::string_view what, uint64_t count, uint64_t limit) {
    if (count <= limit) return {};
    return make_error(ErrorCode::kCorruptFile, "the header counts {} {}; at most {} are read", count, what, limit);
  }

  Result<std::string_view> read_string(uint64_t max_bytes) {
    size_t offset = reader_.offset();
    TRY_ASSIGN(auto length, reader_.read<uint64_t>());
    if (length > max_bytes) {
      return make_error(ErrorCode::kCorruptFile, "the string at offset {} has {} bytes; at most {} are read", offset,
                        length, max_bytes);
    }
    return reader_.take_text(length);
  }

  Result<std::string_view> read_name(std::string_view what) {
    size_t offset = reader_.offset();
    TRY_ASSIGN(auto name, read_string(limits_.max_name_bytes));
    if (name.empty() || !is_valid_utf8(name)) {
      return make_error(ErrorCode::kCorruptFile, "the {} at offset {} is {}", what, offset,
                        name.empty() ? "empty" : "not valid UTF-8");
    }
    return name;
  }

  Status read_values() {
    for (uint64_t i = 0; i < num_values_; ++i) {
      TRY_ASSIGN(auto key, read_name("key"));
      if (contents_.metadata.find(key) != nullptr) {
        return make_error(ErrorCode::kCorruptFile, "the key \"{}\" is there twice", key);
      }
      auto value = read_value();
      if (!value) return in_context(fmt::format("key \"{}\"", key), std::move(value).take_error());
      contents_.metadata.set(std::string(key), std::move(*value));
    }
    return {};
  }

  Result<MetadataValue> read_value() {
    TRY_ASSIGN(auto type, reader_.read<uint32_t>());
    switch (static_cast<ValueType>(type)) {
      case ValueType::kUint8:
        return read_number<uint8_t, uint64_t>();
      case ValueType::kInt8:
        return read_number<int8_t, int64_t>();
      case ValueType::kUint16:
        return read_number<uint16_t, uint64_t>();
      case ValueType::kInt16:
        return read_number<int16_t, int64_t>();
      case ValueType::kUint32:
        return read_number<uint32_t, uint64_t>();
      case ValueType::kInt32:
        return read_number<int32_t, int64_t>();
      case ValueType::kUint64:
        return read_number<uint64_t, uint64_t>();
      case ValueType::kInt64:
        return read_number<int64_t, int64_t>();
      case ValueType::kFloat32:
        return read_number<float, double>();
      case ValueType::kFloat64:
        return read_number<double, double>();
      case ValueType::kBool: {
        TRY_ASSIGN(bool value, read_bool());
        return MetadataValue(value);
      }
      case ValueType::kString: {
        TRY_ASSIGN(auto text, read_string(limits_.max_string_bytes));
        return MetadataValue(std::string(text));
      }
      case ValueType::kArray:
        return read_array();
    }
    return make_error(ErrorCode::kCorruptFile, "value type {} does not exist", type);
  }

  template <class T, class Stored>
  Result<MetadataValue> read_number() {
    TRY_ASSIGN(auto value, reader_.read<T>());
    return MetadataValue(static_cast<Stored>(value));
  }

  Result<bool> read_bool() {
    TRY_ASSIGN(auto value, reader_.read<uint8_t>());
    if (value > 1) return make_error(ErrorCode::kCorruptFile, "a bool has the value {}", value);
    return value == 1;
  }

  Result<MetadataValue> read_array() {
    TRY_ASSIGN(auto type, reader_.read<uint32_t>());
    TRY_ASSIGN(auto length, reader_.read<uint64_t>());
    if (length > limits_.max_array_length) {
      return make_error(ErrorCode::kCorruptFile, "the array has {} elements; at most {} are read", length,
                        limits_.max_array_length);
    }
    switch (static_cast<ValueType>(type)) {
      case ValueType::kUint8:
        return read_numbers<uint8_t, int64_t>(length);
      case ValueType::kInt8:
        return read_numbers<int8_t, int64_t>(length);
      case ValueType::kUint16:
        return read_numbers<uint16_t, int64_t>(length);
      case ValueType::kInt16:
        return read_numbers<int16_t, int64_t>(length);
      case ValueType::kUint32:
        return read_numbers<uint32_t, int64_t>(length);
      case ValueType::kInt32:
        return read_numbers<int32_t, int64_t>(length);
      case ValueType::kUint64:
        return read_numbers<uint64_t, int64_t>(length);
      case ValueType::kInt64:
        return read_numbers<int64_t, int64_t>(length);
      case ValueType::kFloat32:
        return read_numbers<float, double>(length);
      case ValueType::kFloat64:
        return read_numbers<double, double>(length);
      case ValueType::kBool:
        return read_bools(length);
      case ValueType::kString:
        return read_strings(length);
      case ValueType::kArray:
        return make_error(ErrorCode::kUnsupported, "arrays inside arrays are not read");
    }
    return make_error(ErrorCode::kCorruptFile, "array type {} does not exist", type);
  }

  template <class T, class Stored>
  Result<MetadataValue> read_numbers(uint64_t length) {
    TRY_ASSIGN(auto raw, reader_.take(length * sizeof(T)));  // length is below max_array_length: no overflow
    std::vector<Stored> values(length);
    for (uint64_t i = 0; i < length; ++i) {
      T value;
      std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
      if constexpr (std::is_same_v<T, uint64_t>) {
        if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
          return make_error(ErrorCode::kCorruptFile, "element {} of the array is {}, above 2^63 - 1", i, value);
        }
      }
      values[i] = static_cast<Stored>(value);
    }
    return MetadataValue(std::move(values));
  }

  Result<MetadataValue> read_bools(uint64_t length) {
    TRY_ASSIGN(auto raw, reader_.take(length));
    std::vector<bool> values(length);
    for (uint64_t i = 0; i < length; ++i) {
      auto value = static_cast<uint8_t>(raw[i]);
      if (value > 1) return make_error(ErrorCode::kCorruptFile, "element {} of the bool array is {}", i, value);
      values[i] = value == 1;
    }
    return MetadataValue(std::move(values));
  }

  Result<MetadataValue> read_strings(uint64_t length) {
    if (length > reader_.remaining() / sizeof(uint64_t)) {
      return make_error(ErrorCode::kCorruptFile, "the array of {} strings at offset {} is longer than the file", length,
                        reader_.offset());
    }
    std::vector<std::string> values;
    values.reserve(length);
    for (uint64_t i = 0; i < length; ++i) {
      TRY_ASSIGN(auto text, read_string(limits_.max_string_bytes));
      values.emplace_back(text);
    }
    return MetadataValue(std::move(values));
  }

  Status read_alignment() {
    TRY_ASSIGN(auto alignment, contents_.metadata.integer_or({"general.alignment"}, kDefaultAlignment));
    if (alignment < 1 || alignment > limits_.max_alignment || !std::has_single_bit(static_cast<uint64_t>(alignment))) {
      return make_error(ErrorCode::kCorruptFile, "general.alignment is {}; it must be a power of two up to {}",
                        alignment, limits_.max_alignment);
    }
    alignment_ = static_cast<uint64_t>(alignment);
    return {};
  }

  Status read_directory() {
    std::unordered_set<std::string_view> names;
    for (uint64_t i = 0; i < num_tensors_; ++i) {
      TRY_ASSIGN(auto name, read_name("tensor name"));
      if (!names.insert(name).second) {
        return make_error(ErrorCode::kCorruptFile, "the tensor \"{}\" is there twice", name);
      }
      auto entry = read_tensor(name);
      if (!entry) return in_context(fmt::format("tensor \"{}\"", name), std::move(entry).take_error());
      contents_.tensors.push_back(std::move(*entry));
    }
    return {};
  }

  // Leaves the offset in offsets_ and the size in sizes_; place_tensors() gives it its bytes.
  Result<TensorEntry> read_tensor(std::string_view name) {
    TRY_ASSIGN(auto rank, reader_.read<uint32_t>());
    if (rank > limits_.max_gguf_dimensions) {
      return make_error(ErrorCode::kCorruptFile, "has {} dimensions; at most {} exist", rank,
                        limits_.max_gguf_dimensions);
    }
    TensorEntry entry{std::string(name), DType::kF32, std::vector<int64_t>(rank), {}};
    uint64_t elements = 1;
    for (uint32_t d = 0; d < rank; ++d) {  // the file has the innermost dimension first
      TRY_ASSIGN(auto size, reader_.read<uint64_t>());
      auto product = checked_mul(elements, size);
      if (size == 0 || size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) || !product) {
        return make_error(ErrorCode::kCorruptFile, "dimension {} is {}", d, size);
      }
      entry.shape[rank - 1 - d] = static_cast<int64_t>(size);
      elements = *product;
    }
    TRY_ASSIGN(auto type, reader_.read<uint32_t>());
    TRY_ASSIGN(auto offset, reader_.read<uint64_t>());
    auto dtype = dtype_of(type);
    if (!dtype) return unsupported_type(name, type);
    entry.dtype = *dtype;
    TRY_ASSIGN(auto size, data_bytes(entry, elements));
    offsets_.push_back(offset);
    sizes_.push_back(size);
    return entry;
  }

  static Result<uint64_t> data_bytes(const TensorEntry& entry, uint64_t elements) {
    DTypeInfo info = dtype_info(entry.dtype);
    uint64_t row = entry.shape.empty() ? 1 : static_cast<uint64_t>(entry.shape.back());
    if (row % info.block_elements != 0) {
      return make_error(ErrorCode::kCorruptFile, "rows of {} elements are no whole number of {} blocks of {}", row,
                        info.name, info.block_elements);
    }
    auto size = checked_mul(elements / info.block_elements, info.block_bytes);
    if (!size) return make_error(ErrorCode::kCorruptFile, "{} elements are too many", elements);
    return *size;
  }

  Status place_tensors() {
    if (contents_.tensors.empty()) return {};
    uint64_t start = (reader_.offset() + alignment_ - 1) / alignment_ * alignment_;
    uint64_t available = start <= bytes_.size() ? bytes_.size() - start : 0;
    std::vector<Extent> extents;
    for (size_t i = 0; i < contents_.tensors.size(); ++i) {
      TensorEntry& tensor = contents_.tensors[i];
      auto end = checked_add(offsets_[i], sizes_[i]);
      if (!end || *end > available) {
        return make_error(ErrorCode::kCorruptFile,
                          "tensor \"{}\" has {} bytes at offset {} of the data, which has only {}: the file is "
                          "truncated or damaged",
                          tensor.name, sizes_[i], offsets_[i], available);
      }
      if (offsets_[i] % alignment_ != 0) {
        return make_error(ErrorCode::kCorruptFile, "tensor \"{}\" at offset {} is not aligned to {}", tensor.name,
                          offsets_[i], alignment_);
      }
      tensor.bytes = bytes_.subspan(start + offsets_[i], sizes_[i]);
      extents.push_back({offsets_[i], *end, tensor.name});
    }
    return check_extents(extents, false, available);
  }

  std::span<const std::byte> bytes_;
  ByteReader reader_;
  const FileLimits& limits_;
  uint64_t num_tensors_ = 0;
  uint64_t num_values_ = 0;
  uint64_t alignment_ = kDefaultAlignment;
  std::vector<uint64_t> offsets_, sizes_;
  GgufContents contents_;
};

}  // namespace

Result<GgufContents> read_gguf(std::span<const std::byte> bytes, const FileLimits& limits) {
  return GgufReader(bytes, limits).read();
}

}  // namespace weft
