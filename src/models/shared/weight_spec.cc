#include "models/shared/weight_spec.h"

#include <utility>

namespace weft {
namespace {

// Derived data that some files carry beside the weights.
constexpr std::string_view kIgnoredSuffixes[] = {"rotary_emb.inv_freq"};

int64_t size_of(Dim dim, const ModelConfig& config) {
  switch (dim) {
    case Dim::kNone:
      return 0;
    case Dim::kVocab:
      return config.vocab_size;
    case Dim::kHidden:
      return config.hidden_size;
    case Dim::kQuery:
      return config.q_size();
    case Dim::kKeyValue:
      return config.kv_size();
    case Dim::kHeadDim:
      return config.head_dim;
    case Dim::kRotaryPairs:
      return config.head_dim / 2;
    case Dim::kFfn:
      return config.ffn_size;
  }
  return 0;
}

std::string name_of_layer(std::string_view pattern, int32_t layer) { return fmt::format(fmt::runtime(pattern), layer); }

struct SlotAddress {
  DecoderWeights& model;
  LayerWeights* layer;
  using Address = decltype(TensorRequest::into);

  Address operator()(PackedMatrix DecoderWeights::*member) const { return &(model.*member); }
  Address operator()(Vector DecoderWeights::*member) const { return &(model.*member); }
  Address operator()(PackedMatrix LayerWeights::*member) const { return &(layer->*member); }
  Address operator()(Vector LayerWeights::*member) const { return &(layer->*member); }
};

}  // namespace

Status load_decoder_weights(const ModelFiles& files, const ModelConfig& config, std::span<const WeightSpec> specs,
                            ComputePool& pool, DecoderWeights& weights) {
  weights.layers.resize(config.num_layers);
  const bool gguf = files.format() == ModelFormat::kGguf;
  std::vector<TensorRequest> requests;
  for (const WeightSpec& spec : specs) {
    std::string_view pattern = gguf ? spec.gguf_name : spec.hf_name;
    if (pattern.empty()) continue;
    bool per_layer = pattern.find("{}") != std::string_view::npos;
    for (int32_t layer = 0; layer < (per_layer ? config.num_layers : 1); ++layer) {
      TensorRequest request{
          .name = name_of_layer(pattern, layer),
          .into = std::visit(SlotAddress{weights, per_layer ? &weights.layers[layer] : nullptr}, spec.slot),
          .transform = gguf ? spec.gguf_transform : spec.hf_transform,
          .head_dim = config.head_dim,
          .optional = spec.optional};
      for (Dim dim : spec.shape) {
        if (dim != Dim::kNone) request.shape.push_back(size_of(dim, config));
      }
      requests.push_back(std::move(request));
    }
  }
  return load_tensors(files, requests, kIgnoredSuffixes, pool);
}

}  // namespace weft
