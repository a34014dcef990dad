// One model with its KV cache and activations on this machine's CPU: runs ragged batches. Knows bytes, not requests.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "layers/decoder.h"
#include "models/architecture.h"
#include "request/cache_spec.h"

namespace weft {

// Borrows the pool. One thread at a time.
class ModelRunner {
 public:
  // Reserves `num_pages[g]` pages for each cache group and activations for steps of at most `max_step_tokens` tokens.
  // kResourceExhausted when the memory is not there.
  static Result<std::unique_ptr<ModelRunner>> create(const Architecture& architecture,
                                                     std::shared_ptr<const DecoderModel> model, CacheSpec cache_spec,
                                                     std::vector<int32_t> num_pages, int64_t max_step_tokens,
                                                     ComputePool& pool, Isa isa);

  // The cache groups that a model needs; `model_digest` goes into the prefix key.
  static CacheSpec make_cache_spec(const ModelConfig& config, std::string model_digest);

  const ModelConfig& config() const { return model_->config; }
  const CacheSpec& cache_spec() const { return cache_spec_; }
  std::span<const int32_t> num_pages() const { return num_pages_; }
  int64_t max_step_tokens() const { return max_step_tokens_; }
  ComputePool& pool() { return *ops_.pool; }

  void copy_page(int32_t group, int32_t from, int32_t to);

  // Runs the batch. The final hidden states of its logit_rows are kept until the next call.
  void forward(const ForwardBatch& batch);

  // Whether every number of the last forward()'s rows begin .. end - 1 of the residual stream is finite (I20).
  bool rows_are_finite(int64_t begin, int64_t end) const;

  // Logits [count, vocab_size] of logit rows begin .. begin + count - 1 of the last forward(); count <= kLogitChunk.
  // The memory is the runner's and is overwritten by the next call.
  MatrixF logits(int64_t begin, int64_t count);
  static constexpr int64_t kLogitChunk = 32;

 private:
  ModelRunner() = default;
  Status allocate();

  const Architecture* architecture_ = nullptr;
  std::shared_ptr<const DecoderModel> model_;
  CacheSpec cache_spec_;
  std::vector<int32_t> num_pages_;
  int64_t max_step_tokens_ = 0;
  Workspace workspace_;
  OpContext ops_;
  std::vector<Buffer> kv_pools_;    // one per cache group: [pages][layers of the group][KvLayer page]
  std::vector<KvLayer> kv_layers_;  // one per layer
  Activations activations_;
  LinearInput linear_input_;
  Buffer hidden_memory_, logits_memory_;
  MatrixF hidden_;  // [max_step_tokens, hidden_size]
};

}  // namespace weft
