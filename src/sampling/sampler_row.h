// What sampling remembers about one running sequence: its parameters, the counts that penalties need, its stream of
// random numbers. An executor keeps one per row.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "request/ids.h"
#include "request/step_plan.h"
#include "request/validated_request.h"

namespace weft {

// The seed of choice `choice`: the request's own for choice 0, an independent stream for each other.
uint64_t choice_seed(uint64_t seed, int32_t choice);

struct SamplerRow {
  struct Seen {
    TokenId token = 0;
    int32_t output_count = 0;
  };

  std::optional<ValidatedRequest> request;  // empty: the row is free
  uint64_t seed = 0;                        // choice_seed()
  int64_t num_outputs = 0;                  // tokens sampled so far: the position in the random stream
  std::vector<Seen>
      seen;  // distinct tokens of prompt (repetition penalty only) and output, by id; empty without penalties

  // Counts a sampled token.
  void add_output(TokenId token);
};

// Sets up `row` for a sequence, also one that comes back after a preemption: its outputs so far are counted again.
void start_row(SamplerRow& row, const RowStart& start);

// The edits that come before temperature, in vLLM's order: logit bias; stop tokens forbidden unless `may_stop`;
// repetition, frequency and presence penalty. Touches only the tokens concerned. `logits` [V].
void edit_logits(const SamplerRow& row, bool may_stop, std::span<float> logits);

}  // namespace weft
