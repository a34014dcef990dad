// Llama, and what is built like it: SmolLM2, Llama 2 and 3, TinyLlama.
// Paper: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", 2023. Hugging Face: LlamaForCausalLM.
// Special: GGUF files interleave the rotary halves of q and k, and Llama 3.1 and later store rotary divisors there.
#include "models/architecture.h"
#include "models/shared/decoder_config.h"

namespace weft {
namespace {

Result<ModelConfig> parse_config(const Metadata& metadata) { return parse_decoder_config(metadata, "llama"); }

constexpr auto kPlain = WeightTransform::kNone;
constexpr auto kHalves = WeightTransform::kUninterleaveHeads;
using L = LayerWeights;
using D = DecoderWeights;

constexpr WeightSpec kWeights[] = {
    {"model.embed_tokens.weight", "token_embd.weight", {Dim::kVocab, Dim::kHidden}, &D::embedding},
    {"model.norm.weight", "output_norm.weight", {Dim::kHidden}, &D::final_norm},
    {"lm_head.weight", "output.weight", {Dim::kVocab, Dim::kHidden}, &D::lm_head, kPlain, kPlain, true},
    {"", "rope_freqs.weight", {Dim::kRotaryPairs}, &D::rope_divisors, kPlain, kPlain, true},
    {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", {Dim::kHidden}, &L::input_norm},
    {"model.layers.{}.self_attn.q_proj.weight",
     "blk.{}.attn_q.weight",
     {Dim::kQuery, Dim::kHidden},
     &L::q,
     kPlain,
     kHalves},
    {"model.layers.{}.self_attn.k_proj.weight",
     "blk.{}.attn_k.weight",
     {Dim::kKeyValue, Dim::kHidden},
     &L::k,
     kPlain,
     kHalves},
    {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", {Dim::kKeyValue, Dim::kHidden}, &L::v},
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

extern const Architecture kLlamaArchitecture;
const Architecture kLlamaArchitecture = {"llama", "LlamaForCausalLM", parse_config, kWeights, forward};

}  // namespace weft
