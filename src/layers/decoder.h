// The decoder that the Llama-like families share: embedding, blocks of attention and MLP around a residual stream,
// head.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "kernels/kv_write/kv_layout.h"
#include "kernels/linear/linear.h"
#include "kernels/op_context.h"
#include "kernels/rope/rope.h"
#include "layers/decoder_weights.h"
#include "layers/forward_batch.h"
#include "layers/model_config.h"

namespace weft {

// Immutable after load; shared by executors.
struct DecoderModel {
  ModelConfig config;
  DecoderWeights weights;
  std::vector<RopeTable> ropes;  // one per ModelConfig::ropes
};

// Activations of one step, each [max_tokens, columns] f32. Allocated once.
class Activations {
 public:
  static Result<Activations> allocate(const ModelConfig& config, int64_t max_tokens);

  MatrixF residual, normed, branch, q, k, v, attention, gate, up;  // rows: max_tokens

 private:
  std::vector<Buffer> buffers_;
};

// Everything that a forward pass reads and writes beside the weights. Borrows.
struct ForwardContext {
  OpContext& ops;
  const ForwardBatch& batch;
  std::span<const KvLayer> kv;  // [num_layers]
  Activations& activations;
  LinearInput& linear_input;

  // The first T rows of a matrix of activations.
  MatrixF rows(const MatrixF& matrix) const { return {matrix.data, batch.num_tokens(), matrix.cols, matrix.stride}; }
};

// Several linear layers of one input, which is prepared once: q, k and v; gate and up.
void linear_layers(OpContext& ops, LinearInput& input, ConstMatrixF x, std::initializer_list<LinearTask> tasks);

// activations.residual[t, :] = embedding_scale * E[token_ids[t], :]
void embed_tokens(const DecoderModel& model, ForwardContext& f);

// residual += attention(norm(residual)); residual += mlp(norm(residual)); with the norms that the weights have.
void decoder_block(const DecoderModel& model, int32_t layer, ForwardContext& f);

// out[i, :] = attention output projection of normed rows: q, k, v, rotary, cache write, paged attention, o.
void attention(const DecoderModel& model, int32_t layer, ForwardContext& f, ConstMatrixF x, MatrixF out);

// out = down(activation(gate(x)) * up(x))
void mlp(const DecoderModel& model, int32_t layer, ForwardContext& f, ConstMatrixF x, MatrixF out);

// hidden[i, :] = final norm of row logit_rows[i]. hidden: [logit_rows, hidden_size]
void final_hidden(const DecoderModel& model, ForwardContext& f, MatrixF hidden);

// logits[i, :] = head of hidden[i, :]. logits: [rows, vocab_size]
void lm_head(const DecoderModel& model, OpContext& ops, LinearInput& linear_input, ConstMatrixF hidden, MatrixF logits);

}  // namespace weft
