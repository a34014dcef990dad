// How many pages each cache group may still give away, when some sequences have pages set aside for their whole life.
//
// Full groups count pages: what is available, less what reserved sequences have not taken yet. A shared page counts
// once. Window groups count table entries: a sequence's pages change under it while others may hold on to the ones it
// has let go, so a shared page counts for each holder. In both, no reserved sequence ever finds the pool empty.
#pragma once

#include <cstdint>
#include <vector>

#include "kv_cache/kv_cache.h"
#include "scheduler/scheduler_config.h"
#include "scheduler/sequence.h"

namespace weft {

class PageBudget {
 public:
  PageBudget(const KvCache& cache, const SchedulerConfig& config);

  // Pages of group `g` that a sequence holds at most while it computes its first `num_positions` positions.
  int32_t footprint(size_t g, int32_t num_positions) const;
  // Refuses what could not run to its end even with the whole pool for itself (I12).
  Status check_fits(int32_t num_prompt, int32_t num_positions) const;

  // Counts anew what may be given away. `holders`: the sequences that hold a row.
  void refresh(const std::vector<Sequence*>& holders);
  int32_t room(size_t g) const { return room_[g]; }

  // How many tokens beyond position `num_positions` the sequence's tables can be grown to hold now.
  int32_t num_tokens_that_fit(const Sequence& sequence, int32_t num_positions) const;
  // Counts the pages that grow(sequence.pages, num_positions) is about to take.
  void charge_growth(const Sequence& sequence, int32_t num_positions);
  // True when a waiting sequence may start with this hit.
  bool can_start(const Sequence& sequence, const PrefixHit& hit, bool reserved,
                 const std::vector<Sequence*>& holders) const;

 private:
  bool is_window(size_t g) const { return cache_.group(g).kind == CacheGroupKind::kWindow; }
  // Pages that running prefills will still ask for, and one for each running sequence to decode on.
  int32_t outstanding(size_t g, const std::vector<Sequence*>& holders) const;

  const KvCache& cache_;
  std::vector<int32_t> window_cap_;      // per group: most pages that a sequence may hold of a window
  std::vector<int32_t> window_minimum_;  // per group: pages that a sequence needs to advance by one token a step
  std::vector<int32_t> room_;
};

}  // namespace weft
