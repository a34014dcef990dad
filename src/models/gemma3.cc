// Gemma 3, text only.
// Paper: Gemma Team, "Gemma 3 Technical Report", 2025. Hugging Face: Gemma3ForCausalLM.
// Special: five layers of six see a sliding window and have their own rotary base; norms before and after each branch
// and on every head of q and k; embeddings scaled by sqrt(hidden size); checkpoints of Hugging Face store norm weights
// minus 1.
#include <cmath>

#include "models/architecture.h"
#include "models/shared/decoder_config.h"

namespace weft {
namespace {

constexpr int32_t kFullGroup = 0, kWindowGroup = 1;

// Marks every layer as windowed or full: by config.json's layer_types, or every `pattern`-th layer is full.
Result<std::vector<bool>> windowed_layers(const Metadata& metadata, int32_t num_layers) {
  std::vector<bool> windowed;
  if (const auto* value = metadata.find("layer_types")) {
    const auto* kinds = std::get_if<std::vector<std::string>>(value);
    if (kinds == nullptr || kinds->size() != static_cast<size_t>(num_layers)) {
      return make_error(ErrorCode::kCorruptFile, "layer_types must name a kind for each of the {} layers.", num_layers);
    }
    for (const std::string& kind : *kinds) windowed.push_back(kind == "sliding_attention");
    return windowed;
  }
  TRY_ASSIGN(int64_t pattern,
             metadata.integer_or({"sliding_window_pattern", "gemma3.attention.sliding_window_pattern"}, 6));
  if (pattern < 1)
    return make_error(ErrorCode::kCorruptFile, "sliding_window_pattern is {}; it must be positive.", pattern);
  for (int32_t layer = 0; layer < num_layers; ++layer) windowed.push_back((layer + 1) % pattern != 0);
  return windowed;
}

Result<ModelConfig> parse_config(const Metadata& metadata) {
  TRY_ASSIGN(ModelConfig config, parse_decoder_config(metadata, "gemma3"));
  TRY_ASSIGN(int64_t window, metadata.integer({"sliding_window", "gemma3.attention.sliding_window"}));
  if (window < 1 || window > config.max_positions) {
    return make_error(ErrorCode::kCorruptFile, "sliding_window is {}; it must be between 1 and the context length {}.",
                      window, config.max_positions);
  }
  TRY_ASSIGN(double local_base,
             metadata.real_or(
                 {"rope_local_base_freq", "rope_parameters.sliding_attention.rope_theta", "gemma3.rope.freq_base_swa"},
                 10'000));
  TRY_ASSIGN(double query_scalar, metadata.real_or({"query_pre_attn_scalar"}, config.head_dim));
  TRY_ASSIGN(std::vector<bool> windowed, windowed_layers(metadata, config.num_layers));
  config.activation = Activation::kGeluTanh;
  config.embedding_scale = std::sqrt(static_cast<float>(config.hidden_size));
  config.query_scale = static_cast<float>(1 / std::sqrt(query_scalar));
  config.ropes.push_back({.base = local_base});
  config.cache_windows = {0, static_cast<int32_t>(window)};
  int32_t count[2] = {0, 0};
  for (int32_t layer = 0; layer < config.num_layers; ++layer) {
    int32_t group = windowed[layer] ? kWindowGroup : kFullGroup;
    config.layers[layer] = {.cache_group = group, .layer_in_group = count[group]++, .rope = group};
  }
  return config;
}

constexpr auto kPlain = WeightTransform::kNone;
constexpr auto kAddOne = WeightTransform::kAddOne;
using L = LayerWeights;
using D = DecoderWeights;

constexpr WeightSpec kWeights[] = {
    {"model.embed_tokens.weight", "token_embd.weight", {Dim::kVocab, Dim::kHidden}, &D::embedding},
    {"model.norm.weight", "output_norm.weight", {Dim::kHidden}, &D::final_norm, kAddOne},
    {"lm_head.weight", "output.weight", {Dim::kVocab, Dim::kHidden}, &D::lm_head, kPlain, kPlain, true},
    {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", {Dim::kHidden}, &L::input_norm, kAddOne},
    {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", {Dim::kQuery, Dim::kHidden}, &L::q},
    {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", {Dim::kKeyValue, Dim::kHidden}, &L::k},
    {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", {Dim::kKeyValue, Dim::kHidden}, &L::v},
    {"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", {Dim::kHeadDim}, &L::q_norm, kAddOne},
    {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", {Dim::kHeadDim}, &L::k_norm, kAddOne},
    {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", {Dim::kHidden, Dim::kQuery}, &L::o},
    {"model.layers.{}.post_attention_layernorm.weight",
     "blk.{}.post_attention_norm.weight",
     {Dim::kHidden},
     &L::post_attention_norm,
     kAddOne},
    {"model.layers.{}.pre_feedforward_layernorm.weight",
     "blk.{}.ffn_norm.weight",
     {Dim::kHidden},
     &L::ffn_norm,
     kAddOne},
    {"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", {Dim::kFfn, Dim::kHidden}, &L::gate},
    {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", {Dim::kFfn, Dim::kHidden}, &L::up},
    {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", {Dim::kHidden, Dim::kFfn}, &L::down},
    {"model.layers.{}.post_feedforward_layernorm.weight",
     "blk.{}.post_ffw_norm.weight",
     {Dim::kHidden},
     &L::post_ffn_norm,
     kAddOne},
};

void forward(const DecoderModel& model, ForwardContext& f, MatrixF hidden) {
  embed_tokens(model, f);
  for (int32_t layer = 0; layer < model.config.num_layers; ++layer) decoder_block(model, layer, f);
  final_hidden(model, f, hidden);
}

}  // namespace

extern const Architecture kGemma3Architecture;
const Architecture kGemma3Architecture = {"gemma3", "Gemma3ForCausalLM", parse_config, kWeights, forward};

}  // namespace weft
