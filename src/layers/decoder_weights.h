// Weights of a decoder-only model, packed for the kernels. Empty members are parts that the family does not have.
#pragma once

#include <vector>

#include "kernels/linear/packed_matrix.h"

namespace weft {

using Vector = std::vector<float>;

struct LayerWeights {
  Vector input_norm;     // [hidden]
  PackedMatrix q, k, v;  // [heads * head_dim, hidden], [kv_heads * head_dim, hidden] twice
  Vector q_bias, k_bias, v_bias;
  Vector q_norm, k_norm;       // [head_dim], applied per head before the rotary embedding
  PackedMatrix o;              // [hidden, heads * head_dim]
  Vector post_attention_norm;  // [hidden], on attention's output before it is added to the residual
  Vector ffn_norm;             // [hidden]
  PackedMatrix gate, up;       // [ffn, hidden]
  PackedMatrix down;           // [hidden, ffn]
  Vector post_ffn_norm;        // [hidden], on the MLP's output before it is added to the residual
};

struct DecoderWeights {
  PackedMatrix embedding;  // [vocab, hidden]
  PackedMatrix lm_head;    // [vocab, hidden]; empty when tied to the embedding, which is then held once
  Vector final_norm;       // [hidden]
  Vector rope_divisors;    // [head_dim / 2] divide the rotary frequencies, where a file stores them
  std::vector<LayerWeights> layers;

  const PackedMatrix& output() const { return lm_head.n > 0 ? lm_head : embedding; }
};

}  // namespace weft
