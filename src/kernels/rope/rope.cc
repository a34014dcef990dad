#include "kernels/rope/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace weft {
namespace {

constexpr Variant<RopeFunction> kVariants[] = {
    {"avx512", Isa::kAvx512, rope_rows_avx512},
    {"avx2", Isa::kAvx2, rope_rows_avx2},
    {"ref", Isa::kScalar, rope_rows_ref},
};

constexpr int64_t kElementsPerChunk = 8192;           // ~2 us of work, well above the cost of taking a chunk
constexpr int64_t kMaxTableBytes = int64_t{4} << 30;  // a million positions of 1024 rotating elements

double scaled_frequency(double frequency, const RopeScaling& scaling) {
  if (scaling.kind == RopeScaling::Kind::kNone) return frequency;
  if (scaling.kind == RopeScaling::Kind::kLinear) return frequency / scaling.factor;
  double turns = scaling.original_max_position * frequency / (2 * std::numbers::pi);  // within the original context
  if (turns < scaling.low_frequency_factor) return frequency / scaling.factor;
  if (turns > scaling.high_frequency_factor) return frequency;
  double blend =
      (turns - scaling.low_frequency_factor) / (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return (1 - blend) * frequency / scaling.factor + blend * frequency;
}

Status check_shape(int rotary_dim, double base, int64_t max_position, const RopeScaling& scaling,
                   std::span<const float> divisors) {
  if (rotary_dim < 2 || rotary_dim % 2 != 0 || rotary_dim > 4096) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("The rotary dimension {} is not an even number from 2 to 4096.", rotary_dim), ""};
  }
  if (max_position < 1 || max_position > kMaxTableBytes / (4 * rotary_dim)) {
    return Error{ErrorCode::kInvalidValue,
                 fmt::format("A rotary table for {} positions of {} elements is beyond the limit of {} bytes; serve a "
                             "shorter context.",
                             max_position, rotary_dim, kMaxTableBytes),
                 ""};
  }
  auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  bool blends =
      scaling.kind != RopeScaling::Kind::kLlama3 ||
      (positive(scaling.low_frequency_factor) && positive(scaling.original_max_position) &&
       std::isfinite(scaling.high_frequency_factor) && scaling.high_frequency_factor > scaling.low_frequency_factor);
  if (!positive(base) || !positive(scaling.factor) || !blends) {
    return Error{ErrorCode::kInvalidValue,
                 "The rotary base and the scaling factors must be positive and finite, and the high frequency factor "
                 "above the low one.",
                 ""};
  }
  if (!divisors.empty() && divisors.size() != static_cast<size_t>(rotary_dim / 2)) {
    return Error{ErrorCode::kCorruptFile,
                 fmt::format("There are {} rotary frequency divisors where the model needs {}.", divisors.size(),
                             rotary_dim / 2),
                 ""};
  }
  if (!std::all_of(divisors.begin(), divisors.end(), positive)) {
    return Error{ErrorCode::kCorruptFile, "A rotary frequency divisor is not a positive, finite number.", ""};
  }
  return {};
}

}  // namespace

Result<RopeTable> RopeTable::build(int rotary_dim, double base, int64_t max_position, const RopeScaling& scaling,
                                   std::span<const float> divisors) {
  Status shape = check_shape(rotary_dim, base, max_position, scaling, divisors);
  if (!shape) return shape.error();
  int half = rotary_dim / 2;
  auto memory = Buffer::allocate(static_cast<size_t>(max_position) * rotary_dim * sizeof(float));
  if (!memory) return memory.error();

  RopeTable table;
  table.rotary_dim_ = rotary_dim;
  table.max_position_ = max_position;
  table.table_ = std::move(memory).value();
  float* cosines = table.table_.as<float>();
  float* sines = cosines + max_position * half;
  std::vector<double> frequencies(half);
  for (int i = 0; i < half; ++i) {
    frequencies[i] = scaled_frequency(std::pow(base, -2.0 * i / rotary_dim), scaling);
    if (!divisors.empty()) frequencies[i] /= divisors[i];
  }
  for (int64_t position = 0; position < max_position; ++position) {
    for (int i = 0; i < half; ++i) {
      double angle = static_cast<double>(position) * frequencies[i];
      cosines[position * half + i] = static_cast<float>(std::cos(angle));
      sines[position * half + i] = static_cast<float>(std::sin(angle));
    }
  }
  return table;
}

void rope(OpContext& context, MatrixF x, int num_heads, int head_dim, std::span<const int32_t> positions,
          const RopeTable& table) {
  CHECK(x.cols == static_cast<int64_t>(num_heads) * head_dim && table.rotary_dim() <= head_dim);
  CHECK(x.rows == static_cast<int64_t>(positions.size()));
  RopeArgs args{x.data,           x.stride,        num_heads,    head_dim, table.rotary_dim() / 2,
                positions.data(), table.cosines(), table.sines()};
  for (int32_t position : positions) CHECK(position >= 0 && position < table.max_position());
  RopeFunction function = choose_variant(kVariants, context.isa).run;
  int64_t chunk = std::max<int64_t>(1, kElementsPerChunk / std::max<int64_t>(1, x.cols));
  context.pool->parallel_for(x.rows, chunk, [&](int64_t begin, int64_t end, int) { function(args, begin, end); });
}

std::span<const Variant<RopeFunction>> rope_variants() { return kVariants; }

}  // namespace weft
