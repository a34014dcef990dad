// The weight table of a family, as data.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <variant>

#include "layers/decoder_weights.h"
#include "layers/model_config.h"
#include "weights/weight_loader.h"

namespace weft {

// Symbolic dimensions of a weight; kNone ends the shape of a vector.
enum class Dim { kNone, kVocab, kHidden, kQuery, kKeyValue, kHeadDim, kRotaryPairs, kFfn };

using WeightSlot = std::variant<PackedMatrix DecoderWeights::*, Vector DecoderWeights::*, PackedMatrix LayerWeights::*,
                                Vector LayerWeights::*>;

struct WeightSpec {
  std::string_view hf_name;    // "{}" stands for the layer's number; empty: not in this format
  std::string_view gguf_name;  // the same in GGUF files
  std::array<Dim, 2> shape;    // [out, in] or [size, kNone]
  WeightSlot slot;
  WeightTransform hf_transform = WeightTransform::kNone;
  WeightTransform gguf_transform = WeightTransform::kNone;
  bool optional = false;
};

// Fills `weights` from the files by the table; names every fault in one error.
Status load_decoder_weights(const ModelFiles& files, const ModelConfig& config, std::span<const WeightSpec> specs,
                            ComputePool& pool, DecoderWeights& weights);

}  // namespace weft
