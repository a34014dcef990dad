#include "evaluate/perplexity.h"

#include <cmath>
#include <numeric>
#include <vector>

namespace weft {
namespace {

// Mean and spread of the negative log-likelihoods so far.
class Estimate {
 public:
  void add(double nll) {
    ++count_;
    sum_ += nll;
    sum_squares_ += nll * nll;
  }
  Perplexity value() const {
    double mean = sum_ / static_cast<double>(count_);
    double variance = sum_squares_ / static_cast<double>(count_) - mean * mean;
    double error = count_ > 1 && variance > 0 ? std::sqrt(variance / static_cast<double>(count_ - 1)) : 0;
    return {count_, mean, error * std::exp(mean)};
  }

 private:
  int64_t count_ = 0;
  double sum_ = 0, sum_squares_ = 0;
};

}  // namespace

Result<Perplexity> perplexity(ModelRunner& runner, std::span<const TokenId> ids, int32_t context,
                              std::optional<TokenId> bos, const PerplexityProgress& progress) {
  if (context < 4) return param_error("context", "A window needs at least 4 tokens; -c is {}.", context);
  const int64_t num_windows = static_cast<int64_t>(ids.size()) / context;
  if (num_windows == 0) {
    return param_error("file",
                       "The text has {} tokens, less than one window of {}. Take a longer text or a smaller -c.",
                       ids.size(), context);
  }
  std::vector<int32_t> scored(context - 1 - context / 2);  // their next tokens are scored
  std::iota(scored.begin(), scored.end(), context / 2);
  SequenceScorer scorer(runner);
  Estimate estimate;
  for (int64_t w = 0; w < num_windows; ++w) {
    std::vector<TokenId> window(ids.begin() + w * context, ids.begin() + (w + 1) * context);
    if (bos) window[0] = *bos;
    TRY(scorer.score(window, scored, [&](int32_t position, std::span<const float> logits) {
      estimate.add(-log_probability(logits, window[position + 1]));
    }));
    progress(w + 1, num_windows, estimate.value());
  }
  return estimate.value();
}

}  // namespace weft
