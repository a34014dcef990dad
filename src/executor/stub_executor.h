// An executor without a model, for tests, simulation and load work on the serving layer. Its "KV cache" holds one hash
// per slot: position p stores the hash of tokens 0..p, made from the hash read at position p - 1 through the block
// table. A sampled token is a function of that hash and the choice's seed; so a wrong page, a lost copy or a skipped
// token changes the output, and expected_tokens() is an oracle for every request in any batch.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "executor/executor.h"

namespace weft {

struct StubExecutorConfig {
  CacheSpec cache_spec;
  std::vector<int32_t> num_pages;  // per cache group
  int32_t vocab_size = 256;
  int32_t max_steps_in_flight = 1;
  Nanos step_time = 0;         // added to every step; 0 and 0: instantaneous
  Nanos token_time = 0;        // added for every token of a step
  TokenId poison_token = -1;   // a sequence with it in its prompt samples NaN ...
  int64_t poison_after = 0;    // ... after so many good outputs
  uint64_t fail_at_step = 0;   // collect() of this step returns a device failure; 0: never
  uint64_t throw_at_step = 0;  // collect() of this step throws
};

class StubExecutor final : public Executor {
 public:
  explicit StubExecutor(StubExecutorConfig config);

  const CacheSpec& cache_spec() const override { return config_.cache_spec; }
  std::span<const int32_t> num_pages() const override { return config_.num_pages; }
  int32_t max_steps_in_flight() const override { return config_.max_steps_in_flight; }

  StepTicket submit(const StepPlan& plan) override;
  void bind_masks(StepTicket ticket, std::span<const ItemMask> masks) override;
  Result<StepResult> collect(StepTicket ticket) override;

  // What choice `choice` of a request generates, without grammar: up to max_tokens tokens, the stop token included.
  static std::vector<TokenId> expected_tokens(const ValidatedRequest& request, int32_t choice, int32_t vocab_size);
  // The log-probability that the stub reports for `token`.
  static float logprob_of(TokenId token) { return -0.25f - static_cast<float>(token % 13); }

 private:
  struct Row {
    std::optional<ValidatedRequest> request;
    SequenceId sequence = 0;
    uint64_t seed = 0;
    TokenId last_token = 0;
    int64_t num_outputs = 0;
  };
  struct Pending {
    StepPlan plan;
    std::vector<ItemMask> masks;
  };

  void prepare_rows(const StepPlan& plan);
  ItemResult run_item(const Pending& step, size_t index);
  uint64_t write_pages(const StepPlan& plan, size_t index, size_t group);
  void sample_item(const Pending& step, size_t index, uint64_t hash, ItemResult& result);
  uint64_t& slot(size_t group, PageId page, int32_t position);

  StubExecutorConfig config_;
  std::vector<Row> rows_;
  std::vector<std::vector<uint64_t>> pages_;  // per group: [pages, kPageTokens] hashes
  std::deque<Pending> pending_;               // executed when collected, in order
};

}  // namespace weft
