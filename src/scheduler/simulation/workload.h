// Random requests for the simulator: prompts in families that begin alike, follow-ups of earlier answers, all options.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "request/validated_request.h"
#include "scheduler/simulation/history.h"
#include "scheduler/simulation/simulator.h"

namespace weft {

class Workload {
 public:
  Workload(const SimulationSetup& setup, uint64_t seed);
  // The next request. Its sampling seed is unique to `id`.
  ValidatedRequest draw(RequestId id, Nanos now, const History& history);

 private:
  std::vector<TokenId> draw_prompt(const History& history);

  const SimulationSetup& setup_;
  Rng rng_;
  std::vector<std::vector<TokenId>> families_;
};

}  // namespace weft
