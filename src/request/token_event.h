// What the engine tells the frontend about a request. Every accepted request gets exactly one terminal event per
// choice, or one error event for the whole request (I8).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "request/ids.h"
#include "request/step_result.h"

namespace weft {

enum class FinishReason { kNone, kStop, kLength, kAbort };

struct TokenEvent {
  RequestId request = 0;
  int32_t choice = 0;
  std::optional<SampledToken> token;          // also the stop token itself, in the terminal event
  std::vector<SampledToken> prompt_logprobs;  // part of the prompt's, in order, when asked for
  FinishReason finish = FinishReason::kNone;  // not kNone: the choice's last event
  std::optional<Error> error;                 // set: the request's last event
  int32_t num_cached_tokens = 0;              // of the prompt, found in the prefix cache; set in the first event
  Nanos time = 0;                             // when the engine published it, for metrics
};

}  // namespace weft
