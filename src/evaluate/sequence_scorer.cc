#include "evaluate/sequence_scorer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "request/cache_spec.h"

namespace weft {

Status SequenceScorer::check(std::span<const TokenId> ids, std::span<const int32_t> positions) const {
  if (ids.empty()) return param_error("ids", "The sequence is empty.");
  for (TokenId id : ids) {
    if (id < 0 || id >= runner_.config().vocab_size) {
      return param_error("ids", "Token id {} is outside this model's vocabulary of {}.", id,
                         runner_.config().vocab_size);
    }
  }
  int64_t room = runner_.config().max_positions;
  for (int32_t pages : runner_.num_pages()) room = std::min(room, int64_t{pages} * kPageTokens);
  if (static_cast<int64_t>(ids.size()) > room) {
    return param_error("ids", "The sequence has {} tokens; {} fit here.", ids.size(), room);
  }
  for (size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] < (i == 0 ? 0 : positions[i - 1] + 1) || positions[i] >= static_cast<int64_t>(ids.size())) {
      return param_error("positions", "positions must ascend within the {} tokens of the sequence.", ids.size());
    }
  }
  return {};
}

Status SequenceScorer::score(std::span<const TokenId> ids, std::span<const int32_t> positions, const Visit& visit) {
  TRY(check(ids, positions));
  const auto num_tokens = static_cast<int32_t>(ids.size());
  std::vector<int32_t> table((num_tokens + kPageTokens - 1) / kPageTokens), all(num_tokens), logit_rows;
  std::vector<int64_t> slots(num_tokens);
  std::iota(table.begin(), table.end(), 0);
  std::iota(all.begin(), all.end(), 0);
  std::iota(slots.begin(), slots.end(), 0);  // page i holds positions 16 i .. 16 i + 15
  size_t next = 0;                           // of `positions`
  for (int32_t begin = 0; begin < num_tokens;) {
    int32_t count = std::min<int32_t>(num_tokens - begin, static_cast<int32_t>(runner_.max_step_tokens()));
    const int32_t query_start[] = {0, count}, kv_len[] = {begin + count};
    logit_rows.clear();
    for (size_t i = next; i < positions.size() && positions[i] < begin + count; ++i) {
      logit_rows.push_back(positions[i] - begin);
    }
    ForwardBatch batch{.token_ids = ids.subspan(begin, count),
                       .positions = std::span(all).subspan(begin, count),
                       .query_start = query_start,
                       .kv_len = kv_len,
                       .logit_rows = logit_rows};
    batch.groups.assign(runner_.cache_spec().groups.size(),
                        {table.data(), static_cast<int64_t>(table.size()), std::span(slots).subspan(begin, count)});
    runner_.forward(batch);
    for (size_t done = 0; done < logit_rows.size(); done += ModelRunner::kLogitChunk) {
      auto chunk = static_cast<int64_t>(std::min<size_t>(ModelRunner::kLogitChunk, logit_rows.size() - done));
      MatrixF logits = runner_.logits(static_cast<int64_t>(done), chunk);
      for (int64_t r = 0; r < chunk; ++r) {
        std::span<const float> row(logits.row(r), logits.cols);
        if (!std::isfinite(log_probability(row, 0))) {
          return make_error(ErrorCode::kNumericError, "The logits after token {} are not finite.", positions[next]);
        }
        visit(positions[next++], row);
      }
    }
    begin += count;
  }
  return {};
}

double log_probability(std::span<const float> logits, TokenId token) {
  double max = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits) sum += std::exp(logit - max);
  return logits[token] - max - std::log(sum);
}

}  // namespace weft
