#include "models/shared/decoder_config.h"

#include <array>
#include <cmath>

namespace weft {
namespace {

// Bounds that keep every product of sizes far from overflow and every buffer allocatable; real models are well inside.
struct SizeBound {
  std::string_view what;
  int64_t value;
  int64_t max;
};

Status check_sizes(std::initializer_list<SizeBound> bounds) {
  for (const SizeBound& bound : bounds) {
    if (bound.value >= 1 && bound.value <= bound.max) continue;
    return make_error(ErrorCode::kCorruptFile, "The configuration's {} is {}; it must be between 1 and {}.", bound.what,
                      bound.value, bound.max);
  }
  return {};
}

// The rows of the embedding: config.json says it, most GGUF files only by the length of their token list.
Result<int64_t> vocab_size(const Metadata& metadata) {
  if (const auto* value = metadata.find("tokenizer.ggml.tokens")) {
    if (const auto* tokens = std::get_if<std::vector<std::string>>(value)) return static_cast<int64_t>(tokens->size());
  }
  return metadata.integer({"vocab_size"});
}

// transformers 5 writes rope_parameters, per kind of layer where a model has several kinds.
// Rotary scaling changes every position's angles, so a kind that is not known is an error and never ignored.
Result<RopeScaling> rope_scaling(const Metadata& metadata, std::string_view prefix) {
  auto names = [&](std::string_view key, std::string_view gguf_key) {
    return std::array{fmt::format("rope_scaling.{}", key), fmt::format("rope_parameters.{}", key),
                      fmt::format("rope_parameters.full_attention.{}", key),
                      fmt::format("{}.rope.scaling.{}", prefix, gguf_key)};
  };
  auto real = [&](std::string_view key, std::string_view gguf_key) {
    auto n = names(key, gguf_key);
    return metadata.real({n[0], n[1], n[2], n[3]});
  };
  auto kinds = names("rope_type", "type");
  TRY_ASSIGN(std::string kind, metadata.text_or({kinds[0], "rope_scaling.type", kinds[1], kinds[2], kinds[3]}, "none"));
  RopeScaling scaling;
  if (kind == "none" || kind == "default") return scaling;
  TRY_ASSIGN(scaling.factor, real("factor", "factor"));
  if (kind == "linear") {
    scaling.kind = RopeScaling::Kind::kLinear;
    return scaling;
  }
  if (kind != "llama3") {
    return make_error(ErrorCode::kUnsupported,
                      "The model scales its rotary embedding by '{}'; this version does 'linear' and 'llama3'.", kind);
  }
  scaling.kind = RopeScaling::Kind::kLlama3;
  TRY_ASSIGN(scaling.low_frequency_factor, real("low_freq_factor", "low_freq_factor"));
  TRY_ASSIGN(scaling.high_frequency_factor, real("high_freq_factor", "high_freq_factor"));
  TRY_ASSIGN(scaling.original_max_position, real("original_max_position_embeddings", "original_context_length"));
  return scaling;
}

}  // namespace

Result<ModelConfig> parse_decoder_config(const Metadata& metadata, std::string_view prefix) {
  auto gguf = [&](std::string_view key) { return fmt::format("{}.{}", prefix, key); };
  TRY_ASSIGN(int64_t vocab, vocab_size(metadata));
  TRY_ASSIGN(int64_t hidden, metadata.integer({"hidden_size", gguf("embedding_length")}));
  TRY_ASSIGN(int64_t layers, metadata.integer({"num_hidden_layers", gguf("block_count")}));
  TRY_ASSIGN(int64_t heads, metadata.integer({"num_attention_heads", gguf("attention.head_count")}));
  TRY_ASSIGN(int64_t kv_heads, metadata.integer_or({"num_key_value_heads", gguf("attention.head_count_kv")}, heads));
  TRY_ASSIGN(int64_t ffn, metadata.integer({"intermediate_size", gguf("feed_forward_length")}));
  TRY_ASSIGN(int64_t positions, metadata.integer({"max_position_embeddings", gguf("context_length")}));
  TRY(check_sizes({{"hidden size", hidden, 1 << 16},
                   {"number of attention heads", heads, 1 << 12},
                   {"number of layers", layers, 1 << 12},
                   {"MLP size", ffn, 1 << 20},
                   {"vocabulary size", vocab, 1 << 22},
                   {"context length", positions, 1 << 27}}));
  TRY_ASSIGN(int64_t head_dim, metadata.integer_or({"head_dim", gguf("attention.key_length")}, hidden / heads));
  TRY(check_sizes({{"number of key-value heads", kv_heads, heads}, {"head size", head_dim, 256}}));
  if (heads % kv_heads != 0 || head_dim % 8 != 0) {
    return make_error(
        ErrorCode::kUnsupported,
        "The model has {} attention heads over {} key-value heads of size {}; the heads must be a multiple "
        "of the key-value heads and the size a multiple of 8.",
        heads, kv_heads, head_dim);
  }
  TRY_ASSIGN(double epsilon, metadata.real({"rms_norm_eps", gguf("attention.layer_norm_rms_epsilon")}));
  TRY_ASSIGN(double base, metadata.real_or({"rope_theta", "rope_parameters.rope_theta",
                                            "rope_parameters.full_attention.rope_theta", gguf("rope.freq_base")},
                                           10'000));
  TRY_ASSIGN(RopeScaling scaling, rope_scaling(metadata, prefix));

  ModelConfig config;
  config.vocab_size = static_cast<int32_t>(vocab);
  config.hidden_size = static_cast<int32_t>(hidden);
  config.num_layers = static_cast<int32_t>(layers);
  config.num_heads = static_cast<int32_t>(heads);
  config.num_kv_heads = static_cast<int32_t>(kv_heads);
  config.head_dim = static_cast<int32_t>(head_dim);
  config.ffn_size = static_cast<int32_t>(ffn);
  config.max_positions = static_cast<int32_t>(positions);
  config.norm_epsilon = static_cast<float>(epsilon);
  config.query_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head_dim)));
  config.ropes = {{.base = base, .scaling = scaling}};
  config.cache_windows = {0};
  for (int32_t layer = 0; layer < config.num_layers; ++layer) config.layers.push_back({.layer_in_group = layer});
  return config;
}

}  // namespace weft
