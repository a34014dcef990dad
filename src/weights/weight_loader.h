// Tensors of a model by name: checked against the shapes that the architecture wants, then packed for the kernels.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "kernels/linear/packed_matrix.h"
#include "machine/compute_pool.h"
#include "model_files/model_files.h"

namespace weft {

// What a checkpoint stores differently from what the kernels want.
enum class WeightTransform {
  kNone,
  // GGUF files of the llama architecture store the rows of q and k with each head's two rotary halves interleaved
  // (2i, 2i+1); undone here, so that one rotary kernel serves all and both formats give the same bits.
  kUninterleaveHeads,
  // Hugging Face's Gemma stores norm weights minus one.
  kAddOne,
};

struct TensorRequest {
  std::string name;            // in the checkpoint
  std::vector<int64_t> shape;  // [out, in] of a matrix, [size] of a vector
  std::variant<PackedMatrix*, std::vector<float>*> into;
  WeightTransform transform = WeightTransform::kNone;
  int64_t head_dim = 0;   // for kUninterleaveHeads
  bool optional = false;  // may be missing: `into` is left empty
};

// Fills every request. All missing, misshapen and unexpected tensors are named in one error; a tensor is unexpected
// when no request names it and no suffix of `ignored_suffixes` ends its name.
Status load_tensors(const ModelFiles& files, std::span<const TensorRequest> requests,
                    std::span<const std::string_view> ignored_suffixes, ComputePool& pool);

}  // namespace weft
