// The shape of a decoder-only model, whatever family and file format it came from.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/rope/rope.h"

namespace weft {

enum class Activation { kSilu, kGeluTanh };

// Rotary embedding of one kind of layer. Source: Su et al., "RoFormer", 2021.
struct RopeConfig {
  double base = 10'000;
  RopeScaling scaling;
};

// What differs from layer to layer.
struct LayerConfig {
  int32_t cache_group = 0;     // index into ModelConfig::cache_windows
  int32_t layer_in_group = 0;  // counts the layers of that group
  int32_t rope = 0;            // index into ModelConfig::ropes
};

struct ModelConfig {
  int32_t vocab_size = 0;
  int32_t hidden_size = 0;
  int32_t num_layers = 0;
  int32_t num_heads = 0;
  int32_t num_kv_heads = 0;
  int32_t head_dim = 0;
  int32_t ffn_size = 0;
  int32_t max_positions = 0;  // context that the model was trained for, in tokens
  float norm_epsilon = 1e-6f;
  float embedding_scale = 1;
  float query_scale = 1;  // factor of q·k before the softmax
  Activation activation = Activation::kSilu;
  std::vector<RopeConfig> ropes;
  std::vector<LayerConfig> layers;     // [num_layers]
  std::vector<int32_t> cache_windows;  // per cache group: tokens that a token sees, itself included; 0: all

  int32_t q_size() const { return num_heads * head_dim; }
  int32_t kv_size() const { return num_kv_heads * head_dim; }
};

}  // namespace weft
