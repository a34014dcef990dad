#include "bench/model_benchmark.h"

#include <algorithm>

#include "base/clock.h"
#include "base/rng.h"
#include "request/cache_spec.h"
#include "request/step_plan.h"

namespace weft {
namespace {

int32_t pages_for(int64_t tokens) { return static_cast<int32_t>((tokens + kPageTokens - 1) / kPageTokens); }

// Plays scheduler for sequences of equal length whose pages lie side by side in the cache.
class BenchDriver {
 public:
  BenchDriver(Executor& executor, int32_t vocab_size, const ModelBenchConfig& config)
      : executor_(executor), vocab_size_(vocab_size), max_step_tokens_(config.max_step_tokens) {}

  // Rows for `batch` sequences of up to `max_length` tokens, all at length 0.
  Status start(int32_t batch, int32_t max_length) {
    batch_ = batch;
    length_ = 0;
    pages_per_sequence_ = pages_for(max_length);
    TRY_ASSIGN(ValidatedRequest request,
               ValidatedRequest::make({.prompt = {0}, .sampling = {.temperature = 0}, .ignore_eos = true},
                                      {.vocab_size = vocab_size_, .max_model_len = 1 << 30}));
    plan_ = {};
    for (int32_t row = 0; row < batch; ++row) plan_.row_starts.push_back({row, SequenceId(row), request, 0, {}});
    return {};
  }

  // Advances every sequence by `tokens` prompt tokens, in steps of the token budget; samples after the last.
  Status prefill(int32_t tokens) {
    for (int32_t sequence = 0; sequence < batch_; ++sequence) {
      for (int32_t done = 0; done < tokens;) {
        int32_t count = std::min(tokens - done, max_step_tokens_);
        add_item(sequence, length_ + done, count, done + count == tokens);
        done += count;
        TRY(run_step());
      }
    }
    length_ += tokens;
    return {};
  }

  // Puts `tokens` tokens into the cache of every sequence: computed once, then copied page by page.
  Status fill(int32_t tokens) {
    if (tokens == 0) return {};
    int32_t batch = std::exchange(batch_, 1);
    TRY(prefill(tokens));
    batch_ = batch;
    for (size_t group = 0; group < executor_.num_pages().size(); ++group) {
      for (int32_t sequence = 1; sequence < batch_; ++sequence) {
        for (int32_t page = 0; page < pages_for(tokens); ++page) {
          plan_.copies.push_back({static_cast<int32_t>(group), page, sequence * pages_per_sequence_ + page});
        }
      }
    }
    return {};
  }

  // One token for every sequence.
  Status decode_step() {
    for (int32_t sequence = 0; sequence < batch_; ++sequence) add_item(sequence, length_, 1, true);
    ++length_;
    return run_step();
  }

 private:
  void add_item(int32_t sequence, int32_t start, int32_t count, bool samples) {
    plan_.items.push_back({.sequence = SequenceId(sequence),
                           .row = sequence,
                           .start_position = start,
                           .num_new_tokens = count,
                           .first_token = static_cast<int32_t>(plan_.token_ids.size()),
                           .samples = samples});
    for (int32_t i = 0; i < count; ++i) plan_.token_ids.push_back(static_cast<TokenId>(rng_.below(vocab_size_)));
    plan_.groups.resize(executor_.num_pages().size());
    for (GroupTables& group : plan_.groups) {
      group.stride = pages_per_sequence_;
      for (int32_t page = 0; page < pages_per_sequence_; ++page) {
        group.block_table.push_back(sequence * pages_per_sequence_ + page);
      }
    }
  }

  Status run_step() {
    ++plan_.step;
    auto result = executor_.collect(executor_.submit(plan_));
    uint64_t step = plan_.step;
    plan_ = {};
    plan_.step = step;
    if (!result) return std::move(result).take_error();
    for (const ItemResult& item : result->items) {
      if (item.failed) return make_error(ErrorCode::kNumericError, "The model's logits are not finite.");
    }
    return {};
  }

  Executor& executor_;
  const int32_t vocab_size_, max_step_tokens_;
  Rng rng_{1};
  int32_t batch_ = 0, length_ = 0, pages_per_sequence_ = 0;
  StepPlan plan_;
};

// Seconds that the machine needs at least for `steps` steps of `rows` tokens each, of which `sampled` are sampled.
double roof_seconds(const ModelCost& cost, const Roofs& roofs, double rows, double sampled, double context_tokens) {
  if (roofs.memory_bytes_per_s <= 0 || roofs.int8_ops_per_s <= 0) return 0;
  double bytes = cost.weight_bytes + cost.kv_bytes_per_token * context_tokens;
  double ops = (rows * cost.ops_per_token + sampled * cost.head_ops_per_row) * cost.products_per_op;
  return std::max(bytes / roofs.memory_bytes_per_s, ops / roofs.int8_ops_per_s);
}

class ModelBench {
 public:
  ModelBench(Executor& executor, int32_t vocab_size, const ModelBenchConfig& config, const ModelCost& cost,
             const Roofs& roofs)
      : config_(config), cost_(cost), roofs_(roofs), driver_(executor, vocab_size, config) {}

  Result<ModelBenchResult> prefill(int32_t prompt, int32_t depth, int32_t batch) {
    auto measured = [&] { return driver_.prefill(prompt); };
    TRY_ASSIGN(double seconds, median_seconds(batch, prompt, depth, measured));
    int32_t steps = (prompt + config_.max_step_tokens - 1) / config_.max_step_tokens;
    double rows = static_cast<double>(prompt) / steps;
    double least = steps * roof_seconds(cost_, roofs_, rows, 1.0 / steps, depth + rows / 2);
    return result({.kind = "prefill", .prompt = prompt, .depth = depth, .batch = batch}, int64_t{prompt} * batch,
                  seconds, least * batch);
  }

  Result<ModelBenchResult> decode(int32_t depth, int32_t batch) {
    int32_t length = config_.decode_length;
    auto measured = [&]() -> Status {
      for (int32_t i = 0; i < length; ++i) TRY(driver_.decode_step());
      return {};
    };
    TRY_ASSIGN(double seconds, median_seconds(batch, length, depth, measured));
    double least = length * roof_seconds(cost_, roofs_, batch, batch, batch * (depth + length / 2.0));
    return result({.kind = "decode", .decode = length, .depth = depth, .batch = batch}, int64_t{length} * batch,
                  seconds, least);
  }

 private:
  template <class Measured>
  Result<double> median_seconds(int32_t batch, int32_t tokens, int32_t depth, Measured measured) {
    std::vector<double> seconds;
    for (int32_t repeat = 0; repeat < config_.repeats; ++repeat) {
      TRY(driver_.start(batch, depth + tokens));
      TRY(driver_.fill(depth));
      Nanos start = clock_.now();
      TRY(measured());
      seconds.push_back(to_seconds(clock_.now() - start));
    }
    std::nth_element(seconds.begin(), seconds.begin() + config_.repeats / 2, seconds.end());
    return seconds[config_.repeats / 2];
  }

  static ModelBenchResult result(ModelBenchResult run, int64_t tokens, double seconds, double least_seconds) {
    run.tokens_per_s = static_cast<double>(tokens) / seconds;
    run.percent_of_roof = 100 * least_seconds / seconds;
    return run;
  }

  const ModelBenchConfig& config_;
  const ModelCost& cost_;
  const Roofs& roofs_;
  SteadyClock clock_;
  BenchDriver driver_;
};

}  // namespace

int64_t bench_cache_tokens(const ModelBenchConfig& config) {
  auto largest = [](const std::vector<int32_t>& values) {
    return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  };
  int64_t measured = std::max(largest(config.prompt_lengths), config.decode_length);
  return int64_t{pages_for(largest(config.depths) + measured)} * kPageTokens * largest(config.batch_sizes);
}

Status run_model_bench(Executor& executor, int32_t vocab_size, const ModelBenchConfig& config, const ModelCost& cost,
                       const Roofs& roofs, const std::function<void(const ModelBenchResult&)>& report) {
  ModelBench bench(executor, vocab_size, config, cost, roofs);
  for (int32_t batch : config.batch_sizes) {
    for (int32_t depth : config.depths) {
      for (int32_t prompt : config.prompt_lengths) {
        TRY_ASSIGN(ModelBenchResult result, bench.prefill(prompt, depth, batch));
        report(result);
      }
      if (config.decode_length == 0) continue;
      TRY_ASSIGN(ModelBenchResult result, bench.decode(depth, batch));
      report(result);
    }
  }
  return {};
}

}  // namespace weft
