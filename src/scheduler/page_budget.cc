#include "scheduler/page_budget.h"

#include <algorithm>

namespace weft {
namespace {

int32_t pages_for(int32_t num_tokens) { return (num_tokens + kPageTokens - 1) / kPageTokens; }

// Pages that `num_tokens` neighbouring positions touch at most, wherever they begin.
int32_t most_pages_touched(int32_t num_tokens) { return (num_tokens + kPageTokens - 2) / kPageTokens + 1; }

}  // namespace

PageBudget::PageBudget(const KvCache& cache, const SchedulerConfig& config)
    : cache_(cache),
      window_cap_(cache.num_groups(), 0),
      window_minimum_(cache.num_groups(), 0),
      room_(cache.num_groups(), 0) {
  for (size_t g = 0; g < cache.num_groups(); ++g) {
    if (!is_window(g)) continue;
    const int32_t window = cache.group(g).window;
    // While steps are in flight the window still reaches back from the first of them.
    const int32_t decode_span = window - 1 + config.max_steps_in_flight;
    // A chunk as long as the window loses little to cutting long ones; the pool's size may allow less.
    const int32_t chunk_span = window - 1 + std::min(config.max_num_batched_tokens, window);
    window_minimum_[g] = most_pages_touched(decode_span);
    window_cap_[g] = std::min(cache.pool(g).num_pages(), std::max(window_minimum_[g], most_pages_touched(chunk_span)));
  }
}

int32_t PageBudget::footprint(size_t g, int32_t num_positions) const {
  const int32_t all = pages_for(num_positions);
  return is_window(g) ? std::min(all, window_cap_[g]) : all;
}

Status PageBudget::check_fits(int32_t num_prompt, int32_t num_positions) const {
  for (size_t g = 0; g < cache_.num_groups(); ++g) {
    const int32_t all = pages_for(num_positions);
    const int32_t needed = is_window(g) ? std::min(all, window_minimum_[g]) : all;
    const int32_t num_pages = cache_.pool(g).num_pages();
    if (needed <= num_pages) continue;
    Error error =
        make_error(ErrorCode::kContextLengthExceeded,
                   "The prompt has {} tokens and may grow to {}, which needs {} pages of KV cache; this server "
                   "has {} ({} tokens). Shorten the prompt, lower max_tokens, or give the server more KV cache.",
                   num_prompt, num_positions + 1, needed, num_pages, int64_t{num_pages} * kPageTokens);
    error.param = pages_for(num_prompt) > num_pages ? "prompt" : "max_tokens";
    return error;
  }
  return {};
}

void PageBudget::refresh(const std::vector<Sequence*>& holders) {
  for (size_t g = 0; g < cache_.num_groups(); ++g) {
    int32_t room = is_window(g) ? cache_.pool(g).num_pages() : cache_.pool(g).num_available();
    for (const Sequence* sequence : holders) {
      const int32_t held = sequence->pages.tables[g].num_held;
      const int32_t charge =
          sequence->reserved ? std::max(held, footprint(g, sequence->request->max_positions())) : held;
      room -= is_window(g) ? charge : charge - held;
    }
    room_[g] = room;
  }
}

int32_t PageBudget::num_tokens_that_fit(const Sequence& sequence, int32_t num_positions) const {
  int64_t fits = INT32_MAX;
  for (size_t g = 0; g < cache_.num_groups(); ++g) {
    const BlockTable& table = sequence.pages.tables[g];
    const int32_t own = sequence.reserved ? footprint(g, sequence.request->max_positions()) - table.num_held : room_[g];
    const int64_t capacity = (static_cast<int64_t>(table.pages.size()) + std::max(0, own)) * kPageTokens;
    fits = std::min(fits, capacity - num_positions);
  }
  return static_cast<int32_t>(std::max<int64_t>(0, fits));
}

void PageBudget::charge_growth(const Sequence& sequence, int32_t num_positions) {
  if (sequence.reserved) return;  // set aside already
  for (size_t g = 0; g < cache_.num_groups(); ++g) {
    room_[g] -= cache_.num_pages_to_grow(sequence.pages, g, num_positions);
  }
}

int32_t PageBudget::outstanding(size_t g, const std::vector<Sequence*>& holders) const {
  int32_t pages = 0;
  for (const Sequence* sequence : holders) {
    if (sequence->reserved || sequence->state != Sequence::State::kRunning) continue;
    pages += sequence->num_remaining() <= 1
                 ? 1
                 : std::max(1, footprint(g, sequence->num_known()) - sequence->pages.tables[g].num_held);
  }
  return pages;
}

bool PageBudget::can_start(const Sequence& sequence, const PrefixHit& hit, bool reserved,
                           const std::vector<Sequence*>& holders) const {
  for (size_t g = 0; g < cache_.num_groups(); ++g) {
    int32_t needed = footprint(g, reserved ? sequence.request->max_positions() : sequence.num_known());
    if (!is_window(g)) needed += hit.num_evictable[g] - hit.num_tokens / kPageTokens;
    if (!reserved) needed += outstanding(g, holders);
    if (needed > room_[g]) return false;
  }
  return true;
}

}  // namespace weft
