#include "executor/model_runner.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/kv_write/kv_write.h"

namespace weft {

CacheSpec ModelRunner::make_cache_spec(const ModelConfig& config, std::string model_digest) {
  CacheSpec spec;
  spec.model_digest = std::move(model_digest);
  spec.layout_id = fmt::format("cpu-f16-kt16-h{}x{}", config.num_kv_heads, config.head_dim);
  for (int32_t window : config.cache_windows) {
    spec.groups.push_back({.kind = window > 0 ? CacheGroupKind::kWindow : CacheGroupKind::kFull, .window = window});
  }
  int64_t layer_bytes = kv_layer_page_bytes(config.num_kv_heads, config.head_dim);
  for (const LayerConfig& layer : config.layers) {
    ++spec.groups[layer.cache_group].num_layers;
    spec.groups[layer.cache_group].page_bytes += layer_bytes;
  }
  return spec;
}

Result<std::unique_ptr<ModelRunner>> ModelRunner::create(const Architecture& architecture,
                                                         std::shared_ptr<const DecoderModel> model,
                                                         CacheSpec cache_spec, std::vector<int32_t> num_pages,
                                                         int64_t max_step_tokens, ComputePool& pool, Isa isa) {
  CHECK(num_pages.size() == cache_spec.groups.size());
  std::unique_ptr<ModelRunner> runner(new ModelRunner());
  runner->architecture_ = &architecture;
  runner->model_ = std::move(model);
  runner->cache_spec_ = std::move(cache_spec);
  runner->num_pages_ = std::move(num_pages);
  runner->max_step_tokens_ = max_step_tokens;
  runner->ops_ = {&pool, &runner->workspace_, isa};
  TRY(runner->allocate());
  return runner;
}

Status ModelRunner::allocate() {
  const ModelConfig& config = model_->config;
  for (size_t g = 0; g < num_pages_.size(); ++g) {
    auto bytes = static_cast<size_t>(num_pages_[g]) * static_cast<size_t>(cache_spec_.groups[g].page_bytes);
    TRY_ASSIGN(Buffer pool_memory, Buffer::allocate(bytes));
    kv_pools_.push_back(std::move(pool_memory));
  }
  int64_t layer_bytes = kv_layer_page_bytes(config.num_kv_heads, config.head_dim);
  for (const LayerConfig& layer : config.layers) {
    kv_layers_.push_back({.base = kv_pools_[layer.cache_group].data() + layer.layer_in_group * layer_bytes,
                          .page_stride_bytes = cache_spec_.groups[layer.cache_group].page_bytes,
                          .num_kv_heads = config.num_kv_heads,
                          .head_dim = config.head_dim});
  }
  TRY_ASSIGN(activations_, Activations::allocate(config, max_step_tokens_));
  TRY_ASSIGN(hidden_memory_, Buffer::allocate(sizeof(float) * max_step_tokens_ * config.hidden_size));
  hidden_ = {hidden_memory_.as<float>(), max_step_tokens_, config.hidden_size, config.hidden_size};
  TRY_ASSIGN(logits_memory_, Buffer::allocate(sizeof(float) * kLogitChunk * config.vocab_size));
  return {};
}

void ModelRunner::copy_page(int32_t group, int32_t from, int32_t to) {
  int64_t bytes = cache_spec_.groups[group].page_bytes;
  std::byte* base = kv_pools_[group].data();
  std::memcpy(base + to * bytes, base + from * bytes, static_cast<size_t>(bytes));
}

void ModelRunner::forward(const ForwardBatch& batch) {
  CHECK(batch.num_tokens() > 0 && batch.num_tokens() <= max_step_tokens_);
  ForwardContext f{ops_, batch, kv_layers_, activations_, linear_input_};
  MatrixF hidden = hidden_;
  hidden.rows = static_cast<int64_t>(batch.logit_rows.size());
  architecture_->forward(*model_, f, hidden);
}

bool ModelRunner::rows_are_finite(int64_t begin, int64_t end) const {
  const MatrixF& residual = activations_.residual;
  uint32_t largest = 0;  // magnitude as bits: infinity and NaN are above all finite numbers
  for (int64_t r = begin; r < end; ++r) {
    const float* row = residual.row(r);
    for (int64_t i = 0; i < residual.cols; ++i)
      largest = std::max(largest, std::bit_cast<uint32_t>(row[i]) & 0x7fffffffu);
  }
  return largest < 0x7f800000u;
}

MatrixF ModelRunner::logits(int64_t begin, int64_t count) {
  CHECK(count <= kLogitChunk);
  const int64_t vocab_size = model_->config.vocab_size;
  ConstMatrixF hidden{hidden_.row(begin), count, hidden_.cols, hidden_.stride};
  MatrixF out{logits_memory_.as<float>(), count, vocab_size, vocab_size};
  lm_head(*model_, ops_, linear_input_, hidden, out);
  return out;
}

}  // namespace weft
