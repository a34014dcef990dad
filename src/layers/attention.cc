#include "kernels/kv_write/kv_write.h"
#include "kernels/paged_attention/paged_attention.h"
#include "kernels/rms_norm/rms_norm.h"
#include "layers/decoder.h"

namespace weft {
namespace {

const float* data_or_null(const Vector& vector) { return vector.empty() ? nullptr : vector.data(); }

// Normalises each head by itself: the rows of the [T * heads, head_dim] view.
void norm_heads(ForwardContext& f, MatrixF x, int32_t head_dim, const Vector& weight, float epsilon) {
  MatrixF heads{x.data, x.rows * (x.cols / head_dim), head_dim, head_dim};
  rms_norm(f.ops, heads, weight.data(), epsilon, heads);
}

}  // namespace

void attention(const DecoderModel& model, int32_t layer, ForwardContext& f, ConstMatrixF x, MatrixF out) {
  const ModelConfig& config = model.config;
  const LayerConfig& kind = config.layers[layer];
  const LayerWeights& w = model.weights.layers[layer];
  const ForwardBatch& batch = f.batch;
  const GroupBatch& group = batch.groups[kind.cache_group];
  MatrixF q = f.rows(f.activations.q), k = f.rows(f.activations.k), v = f.rows(f.activations.v);
  MatrixF attended = f.rows(f.activations.attention);

  linear_layers(
      f.ops, f.linear_input, x,
      {{&w.q, data_or_null(w.q_bias), q}, {&w.k, data_or_null(w.k_bias), k}, {&w.v, data_or_null(w.v_bias), v}});

  if (!w.q_norm.empty()) norm_heads(f, q, config.head_dim, w.q_norm, config.norm_epsilon);
  if (!w.k_norm.empty()) norm_heads(f, k, config.head_dim, w.k_norm, config.norm_epsilon);
  const RopeTable& table = model.ropes[kind.rope];
  rope(f.ops, q, config.num_heads, config.head_dim, batch.positions, table);
  rope(f.ops, k, config.num_kv_heads, config.head_dim, batch.positions, table);

  kv_write(f.ops, k, v, group.slots, f.kv[layer]);
  paged_attention(f.ops, {.q = q,
                          .out = attended,
                          .num_heads = config.num_heads,
                          .scale = config.query_scale,
                          .window = config.cache_windows[kind.cache_group],
                          .logit_softcap = 0,
                          .kv = f.kv[layer],
                          .query_start = batch.query_start,
                          .kv_len = batch.kv_len,
                          .block_table = group.block_table,
                          .block_table_stride = group.block_table_stride});

  linear_layers(f.ops, f.linear_input, attended, {{&w.o, nullptr, out}});
}

}  // namespace weft
