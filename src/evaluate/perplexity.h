// Perplexity of a text in the manner of llama-perplexity: windows of `context` tokens side by side, each scored in its
// second half, so that every scored token has at least half a window before it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/status.h"
#include "evaluate/sequence_scorer.h"

namespace weft {

struct Perplexity {
  int64_t num_scored = 0;  // tokens
  double mean_nll = 0;     // nats per token; the perplexity is e^mean_nll
  double error = 0;        // standard error of the perplexity
};

// Called after each window with its number (from 1), how many there are and the estimate so far.
using PerplexityProgress = std::function<void(int64_t window, int64_t num_windows, const Perplexity& so_far)>;

// `bos` replaces the first token of each window when the model begins its texts with one.
Result<Perplexity> perplexity(ModelRunner& runner, std::span<const TokenId> ids, int32_t context,
                              std::optional<TokenId> bos, const PerplexityProgress& progress);

}  // namespace weft
