#include "layers/decoder.h"

#include <algorithm>
#include <array>

#include "kernels/embedding/embedding.h"
#include "kernels/residual/residual.h"
#include "kernels/rms_norm/rms_norm.h"

namespace weft {

Result<Activations> Activations::allocate(const ModelConfig& config, int64_t max_tokens) {
  Activations a;
  const std::pair<MatrixF*, int64_t> matrices[] = {
      {&a.residual, config.hidden_size}, {&a.normed, config.hidden_size}, {&a.branch, config.hidden_size},
      {&a.q, config.q_size()},           {&a.k, config.kv_size()},        {&a.v, config.kv_size()},
      {&a.attention, config.q_size()},   {&a.gate, config.ffn_size},      {&a.up, config.ffn_size},
  };
  for (auto [matrix, cols] : matrices) {
    TRY_ASSIGN(Buffer buffer, Buffer::allocate(static_cast<size_t>(max_tokens * cols) * sizeof(float)));
    *matrix = {buffer.as<float>(), max_tokens, cols, cols};
    a.buffers_.push_back(std::move(buffer));
  }
  return a;
}

void linear_layers(OpContext& ops, LinearInput& input, ConstMatrixF x, std::initializer_list<LinearTask> tasks) {
  std::array<const PackedMatrix*, 4> weights{};
  CHECK(tasks.size() <= weights.size());
  std::transform(tasks.begin(), tasks.end(), weights.begin(), [](const LinearTask& task) { return task.weight; });
  prepare_linear_input(ops, x, std::span(weights).first(tasks.size()), input);
  linear(ops, input, tasks);
}

void embed_tokens(const DecoderModel& model, ForwardContext& f) {
  embedding(f.ops, model.weights.embedding, f.batch.token_ids, model.config.embedding_scale,
            f.rows(f.activations.residual));
}

void decoder_block(const DecoderModel& model, int32_t layer, ForwardContext& f) {
  const LayerWeights& w = model.weights.layers[layer];
  const float epsilon = model.config.norm_epsilon;
  MatrixF residual = f.rows(f.activations.residual), normed = f.rows(f.activations.normed);
  MatrixF branch = f.rows(f.activations.branch);

  rms_norm(f.ops, residual, w.input_norm.data(), epsilon, normed);
  attention(model, layer, f, normed, branch);
  if (!w.post_attention_norm.empty()) rms_norm(f.ops, branch, w.post_attention_norm.data(), epsilon, branch);
  add_rms_norm(f.ops, residual, branch, w.ffn_norm.data(), epsilon, normed);
  mlp(model, layer, f, normed, branch);
  if (!w.post_ffn_norm.empty()) rms_norm(f.ops, branch, w.post_ffn_norm.data(), epsilon, branch);
  add_residual(f.ops, residual, branch);
}

void final_hidden(const DecoderModel& model, ForwardContext& f, MatrixF hidden) {
  MatrixF residual = f.activations.residual;
  int64_t i = 0;
  for (int32_t row : f.batch.logit_rows) std::copy_n(residual.row(row), hidden.cols, hidden.row(i++));
  rms_norm(f.ops, hidden, model.weights.final_norm.data(), model.config.norm_epsilon, hidden);
}

void lm_head(const DecoderModel& model, OpContext& ops, LinearInput& linear_input, ConstMatrixF hidden,
             MatrixF logits) {
  linear_layers(ops, linear_input, hidden, {{&model.weights.output(), nullptr, logits}});
}

}  // namespace weft
