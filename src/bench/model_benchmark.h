// Speed of a model in this process, without a server: prefill and decode rates in the manner of llama-bench and
// llama-batched-bench. Steps run through the executor as a server's would, sampling included.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "executor/executor.h"
#include "machine/roofs.h"

namespace weft {

struct ModelBenchConfig {
  std::vector<int32_t> prompt_lengths = {512};  // tokens of a prefill
  int32_t decode_length = 128;                  // tokens that a decode run generates per sequence; 0: no decode runs
  std::vector<int32_t> depths = {0};            // tokens that are in the cache before the measured part begins
  std::vector<int32_t> batch_sizes = {1};       // sequences side by side
  int32_t repeats = 3;                          // the median is reported
  int32_t max_step_tokens = 512;
};

// What one token costs at least; turns a rate into a share of the machine's roof.
struct ModelCost {
  double weight_bytes = 0;        // read by every step
  double ops_per_token = 0;       // multiplications and additions of the linear layers but the head
  double head_ops_per_row = 0;    // of the output head, per row that is sampled
  double kv_bytes_per_token = 0;  // of the cache, per token of context and layer group that sees it
  double products_per_op = 1;     // integer products that the precision needs for one multiplication (two planes: 2)
};

struct ModelBenchResult {
  std::string kind;    // "prefill" or "decode"
  int32_t prompt = 0;  // tokens of a prefill
  int32_t decode = 0;  // tokens that each sequence generated
  int32_t depth = 0;
  int32_t batch = 0;
  double tokens_per_s = 0;     // all sequences together, median
  double percent_of_roof = 0;  // of the nearer of memory and compute, 0 when it was not measured
};

// Tokens of KV cache that the largest combination needs.
int64_t bench_cache_tokens(const ModelBenchConfig& config);

// Runs every combination; `report` is called after each.
Status run_model_bench(Executor& executor, int32_t vocab_size, const ModelBenchConfig& config, const ModelCost& cost,
                       const Roofs& roofs, const std::function<void(const ModelBenchResult&)>& report);

}  // namespace weft
