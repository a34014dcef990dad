// Qwen2 and Qwen2.5 (dense).
// Paper: Yang et al., "Qwen2 Technical Report", 2024. Hugging Face: Qwen2ForCausalLM.
// Special: biases on q, k and v; the rotary halves are never interleaved.
#include "models/architecture.h"
#include "models/shared/decoder_config.h"

namespace weft {
namespace {

Result<ModelConfig> parse_config(const Metadata& metadata) {
  TRY_ASSIGN(bool window, metadata.boolean_or({"use_sliding_window"}, false));
  if (window) {
    return make_error(ErrorCode::kUnsupported,
                      "The model's configuration turns on use_sliding_window, which this version "
                      "does not do for Qwen2.");
  }
  return parse_decoder_config(metadata, "qwen2");
}

constexpr auto kPlain = WeightTransform::kNone;
using L = LayerWeights;
using D = DecoderWeights;

constexpr WeightSpec kWeights[] = {
    {"model.embed_tokens.weight", "token_embd.weight", {Dim::kVocab, Dim::kHidden}, &D::embedding},
    {"model.norm.weight", "output_norm.weight", {Dim::kHidden}, &D::final_norm},
    {"lm_head.weight", "output.weight", {Dim::kVocab, Dim::kHidden}, &D::lm_head, kPlain, kPlain, true},
    {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", {Dim::kHidden}, &L::input_norm},
    {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", {Dim::kQuery, Dim::kHidden}, &L::q},
    {"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", {Dim::kQuery}, &L::q_bias},
    {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", {Dim::kKeyValue, Dim::kHidden}, &L::k},
    {"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", {Dim::kKeyValue}, &L::k_bias},
    {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", {Dim::kKeyValue, Dim::kHidden}, &L::v},
    {"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias", {Dim::kKeyValue}, &L::v_bias},
    {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", {Dim::kHidden, Dim::kQuery}, &L::o},
    {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight", {Dim::kHidden}, &L::ffn_norm},
    {"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", {Dim::kFfn, Dim::kHidden}, &L::gate},
    {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", {Dim::kFfn, Dim::kHidden}, &L::up},
    {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", {Dim::kHidden, Dim::kFfn}, &L::down},
};

void forward(const DecoderModel& model, ForwardContext& f, MatrixF hidden) {
  embed_tokens(model, f);
  for (int32_t layer = 0; layer < model.config.num_layers; ++layer) decoder_block(model, layer, f);
  final_hidden(model, f, hidden);
}

}  // namespace

extern const Architecture kQwen2Architecture;
const Architecture kQwen2Architecture = {"qwen2", "Qwen2ForCausalLM", parse_config, kWeights, forward};

}  // namespace weft
