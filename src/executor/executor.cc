// The model executor: a StepPlan becomes a ragged batch, the model runs it, the logits become tokens.
#include <algorithm>
#include <deque>
#include <vector>

#include "executor/batch_builder.h"
#include "executor/model_executor.h"
#include "sampling/sampler.h"

namespace weft {
namespace {

class ModelExecutor final : public Executor {
 public:
  ModelExecutor(std::unique_ptr<ModelRunner> runner, const ModelExecutorConfig& config)
      : config_(config),
        runner_(std::move(runner)),
        rows_(config.max_rows),
        last_tokens_(config.max_rows, 0),
        samplers_(runner_->pool().num_threads()) {}

  const CacheSpec& cache_spec() const override { return runner_->cache_spec(); }
  std::span<const int32_t> num_pages() const override { return runner_->num_pages(); }
  int32_t max_steps_in_flight() const override { return config_.max_steps_in_flight; }

  StepTicket submit(const StepPlan& plan) override {
    if (unsampled_) sample_step();  // a promised token is the last sample of its row
    start_rows(plan);
    for (const PageCopy& copy : plan.copies) runner_->copy_page(copy.group, copy.from, copy.to);
    const ForwardBatch& batch =
        builder_.build(plan, last_tokens_, [&](const StepItem& item) { return wants_prompt_logprobs(item); });
    runner_->forward(batch);
    items_ = plan.items;
    check_rows(batch);
    masks_.clear();
    step_ = plan.step;
    unsampled_ = true;
    return {plan.step};
  }

  void bind_masks(StepTicket ticket, std::span<const ItemMask> masks) override {
    CHECK(unsampled_ && ticket.step == step_);
    masks_.assign(masks.begin(), masks.end());
  }

  Result<StepResult> collect(StepTicket ticket) override {
    if (results_.empty() && unsampled_) sample_step();  // else a later step's: its masks are not bound yet
    CHECK(!results_.empty() && results_.front().step == ticket.step);
    StepResult result = std::move(results_.front());
    results_.pop_front();
    return result;
  }

 private:
  void start_rows(const StepPlan& plan) {
    for (int32_t row : plan.freed_rows) rows_[row] = SamplerRow{};
    for (const RowStart& start : plan.row_starts) start_row(rows_[start.row], start);
  }

  bool wants_prompt_logprobs(const StepItem& item) const {
    const RequestDraft& request = **rows_[item.row].request;
    return request.prompt_logprobs && item.start_position + 1 < static_cast<int64_t>(request.prompt.size());
  }

  // A row that is not finite has spoilt its sequence's K and V, also in a step that does not sample (I20).
  void check_rows(const ForwardBatch& batch) {
    item_failed_.resize(items_.size());
    for (size_t i = 0; i < items_.size(); ++i) {
      item_failed_[i] = !runner_->rows_are_finite(batch.query_start[i], batch.query_start[i + 1]);
    }
  }

  // Turns the logits of the submitted step into its result.
  void sample_step() {
    StepResult result{.step = step_, .items = std::vector<ItemResult>(items_.size())};
    for (size_t i = 0; i < items_.size(); ++i) {
      result.items[i].sequence = items_[i].sequence;
      result.items[i].failed = item_failed_[i];
    }
    collect_logit_jobs();
    for (size_t begin = 0; begin < jobs_.size(); begin += ModelRunner::kLogitChunk) {
      size_t count = std::min<size_t>(ModelRunner::kLogitChunk, jobs_.size() - begin);
      MatrixF logits = runner_->logits(static_cast<int64_t>(begin), static_cast<int64_t>(count));
      runner_->pool().parallel_for(static_cast<int64_t>(count), 1, [&](int64_t from, int64_t to, int worker) {
        for (int64_t r = from; r < to; ++r) {
          run_job(jobs_[begin + r], {logits.row(r), static_cast<size_t>(logits.cols)}, samplers_[worker]);
        }
      });
    }
    for (LogitJob& job : jobs_) deliver(job, result.items[job.item]);
    unsampled_ = false;
    results_.push_back(std::move(result));
  }

  // What is to be made of one row of logits. Jobs stand in the order of the batch's logit rows.
  struct LogitJob {
    int32_t item = 0;
    bool samples = false;       // the item's next token
    TokenId prompt_token = -1;  // >= 0: the prompt's next token, whose log-probability is wanted
    SampledToken prompt_logprob;
    SampleOutcome outcome;
  };

  void collect_logit_jobs() {
    jobs_.clear();
    for (size_t i = 0; i < items_.size(); ++i) {
      const StepItem& item = items_[i];
      int32_t num_logits = builder_.num_logits(i);
      for (int32_t r = 0; r < num_logits; ++r) {
        int32_t position = item.start_position + item.num_new_tokens - num_logits + r;
        LogitJob job{.item = static_cast<int32_t>(i), .samples = item.samples && r == num_logits - 1};
        const RequestDraft& request = **rows_[item.row].request;
        if (request.prompt_logprobs && position + 1 < static_cast<int64_t>(request.prompt.size())) {
          job.prompt_token = request.prompt[position + 1];
        }
        jobs_.push_back(std::move(job));
      }
    }
  }

  void run_job(LogitJob& job, std::span<float> logits, Sampler& sampler) {
    const StepItem& item = items_[job.item];
    SamplerRow& row = rows_[item.row];
    if (job.prompt_token >= 0) {
      if (!Sampler::are_finite(logits)) {
        job.outcome.failed = true;
        return;
      }
      job.prompt_logprob = sampler.score_token(logits, job.prompt_token, (**row.request).sampling.num_logprobs);
    }
    if (!job.samples) return;
    auto mask = std::find_if(masks_.begin(), masks_.end(), [&](const ItemMask& m) { return m.item == job.item; });
    job.outcome = sampler.sample(logits, mask == masks_.end() ? nullptr : mask->words.data(), row);
  }

  void deliver(LogitJob& job, ItemResult& result) {
    result.failed = result.failed || job.outcome.failed;
    result.no_legal_token = job.outcome.no_legal_token;
    if (result.failed) return;
    if (job.prompt_token >= 0) result.prompt_logprobs.push_back(std::move(job.prompt_logprob));
    if (!job.samples) return;
    last_tokens_[items_[job.item].row] = job.outcome.token.token;
    result.tokens.push_back(std::move(job.outcome.token));
  }

  const ModelExecutorConfig config_;
  std::unique_ptr<ModelRunner> runner_;
  std::vector<SamplerRow> rows_;
  std::vector<TokenId> last_tokens_;  // [rows]
  std::vector<Sampler> samplers_;     // one per worker of the pool
  BatchBuilder builder_;

  // The submitted step whose logits have not become tokens yet.
  bool unsampled_ = false;
  uint64_t step_ = 0;
  std::vector<StepItem> items_;
  std::vector<bool> item_failed_;
  std::vector<ItemMask> masks_;
  std::vector<LogitJob> jobs_;
  std::deque<StepResult> results_;  // sampled, not yet collected
};

}  // namespace

std::unique_ptr<Executor> make_model_executor(std::unique_ptr<ModelRunner> runner, const ModelExecutorConfig& config) {
  return std::make_unique<ModelExecutor>(std::move(runner), config);
}

}  // namespace weft
