#include "weights/weight_loader.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "kernels/cpu_core/half.h"

namespace weft {
namespace {

constexpr size_t kMaxNamedFaults = 12;  // of one kind; the rest is counted

std::string shape_text(std::span<const int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

// Collects faults of one kind into one sentence: "3 tensors are missing: a, b, c."
class FaultList {
 public:
  explicit FaultList(std::string_view what) : what_(what) {}
  void add(std::string fault) { faults_.push_back(std::move(fault)); }
  void append_to(std::string& message) const {
    if (faults_.empty()) return;
    size_t shown = std::min(faults_.size(), kMaxNamedFaults);
    message +=
        fmt::format(" {} {}: {}", faults_.size(), what_, fmt::join(faults_.begin(), faults_.begin() + shown, ", "));
    message += shown < faults_.size() ? ", ..." : ".";
  }

 private:
  std::string_view what_;
  std::vector<std::string> faults_;
};

bool is_ignored(std::string_view name, std::span<const std::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(), [&](auto suffix) { return name.ends_with(suffix); });
}

Status check_tensors(const ModelFiles& files, std::span<const TensorRequest> requests,
                     std::span<const std::string_view> ignored_suffixes) {
  FaultList missing("missing"), misshapen("with another shape than the configuration says"),
      unexpected("that this architecture does not use");
  std::set<std::string_view> wanted;
  for (const TensorRequest& request : requests) {
    wanted.insert(request.name);
    const TensorEntry* tensor = files.find_tensor(request.name);
    if (tensor == nullptr) {
      if (!request.optional) missing.add(request.name);
    } else if (tensor->shape != request.shape) {
      misshapen.add(
          fmt::format("{} is {}, not {}", request.name, shape_text(tensor->shape), shape_text(request.shape)));
    }
  }
  for (const TensorEntry& tensor : files.tensors()) {
    if (!wanted.contains(tensor.name) && !is_ignored(tensor.name, ignored_suffixes)) unexpected.add(tensor.name);
  }
  std::string message;
  missing.append_to(message);
  misshapen.append_to(message);
  unexpected.append_to(message);
  if (message.empty()) return {};
  return make_error(ErrorCode::kCorruptFile, "{} does not hold the tensors of its configuration.{}",
                    files.path().string(), message);
}

// File row of each output row when every head's rows (2i, 2i+1) are to become (i, i + head_dim/2).
std::vector<int32_t> uninterleaved_rows(int64_t num_rows, int64_t head_dim) {
  std::vector<int32_t> order(num_rows);
  for (int64_t row = 0; row < num_rows; ++row) {
    int64_t head = row / head_dim, within = row % head_dim;
    int64_t half = within / (head_dim / 2), pair = within % (head_dim / 2);
    order[row] = static_cast<int32_t>(head * head_dim + 2 * pair + half);
  }
  return order;
}

Result<std::vector<float>> read_vector(const TensorEntry& tensor) {
  auto count = static_cast<size_t>(tensor.shape[0]);
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    switch (tensor.dtype) {
      case DType::kF32:
        std::memcpy(&values[i], &tensor.bytes[4 * i], 4);
        break;
      case DType::kF16:
        std::memcpy(&half, &tensor.bytes[2 * i], 2);
        values[i] = half_to_float(half);
        break;
      case DType::kBF16:
        std::memcpy(&half, &tensor.bytes[2 * i], 2);
        values[i] = bfloat_to_float(half);
        break;
      default:
        return make_error(ErrorCode::kUnsupported, "Tensor {} is {}; vectors are read as F32, F16 or BF16.",
                          tensor.name, dtype_info(tensor.dtype).name);
    }
  }
  return values;
}

Status load_vector(const TensorEntry& tensor, const TensorRequest& request, std::vector<float>& into) {
  TRY_ASSIGN(into, read_vector(tensor));
  if (request.transform == WeightTransform::kAddOne) {
    for (float& value : into) value += 1.0f;
  } else if (request.transform == WeightTransform::kUninterleaveHeads) {
    std::vector<float> stored = into;
    auto order = uninterleaved_rows(request.shape[0], request.head_dim);
    for (size_t i = 0; i < into.size(); ++i) into[i] = stored[order[i]];
  }
  return {};
}

Status load_matrix(const TensorEntry& tensor, const TensorRequest& request, PackedMatrix& into, ComputePool& pool) {
  std::vector<int32_t> order;
  if (request.transform == WeightTransform::kUninterleaveHeads) {
    order = uninterleaved_rows(request.shape[0], request.head_dim);
  }
  auto packed = pack_matrix(tensor.dtype, tensor.bytes, request.shape[0], request.shape[1], order, pool);
  if (!packed) return in_context(tensor.name, std::move(packed).take_error());
  into = std::move(packed).value();
  return {};
}

}  // namespace

Status load_tensors(const ModelFiles& files, std::span<const TensorRequest> requests,
                    std::span<const std::string_view> ignored_suffixes, ComputePool& pool) {
  TRY(check_tensors(files, requests, ignored_suffixes));
  for (const TensorRequest& request : requests) {
    const TensorEntry* tensor = files.find_tensor(request.name);
    if (tensor == nullptr) continue;
    if (auto* const* matrix = std::get_if<PackedMatrix*>(&request.into)) {
      TRY(load_matrix(*tensor, request, **matrix, pool));
    } else {
      TRY(load_vector(*tensor, request, *std::get<std::vector<float>*>(request.into)));
    }
  }
  return {};
}

}  // namespace weft
