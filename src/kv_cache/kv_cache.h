// The KV cache as bookkeeping: one pool of pages per cache group, block tables, and the prefix index. It never touches
// a byte of K or V. A full group keeps the pages of all positions; a window group frees the pages that the window has
// left. Engine thread only, deterministic, no clock.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "kv_cache/page_pool.h"
#include "kv_cache/sequence_pages.h"
#include "request/cache_spec.h"
#include "request/ids.h"

namespace weft {

struct KvCacheOptions {
  bool enable_prefix_caching = true;
  // Keys are cut to so many bits (1..256). Below 256 only in tests: answers must stay right when keys collide.
  int32_t prefix_key_bits = 256;
};

// The longest cached prefix of a sequence.
struct PrefixHit {
  int32_t num_tokens = 0;  // a multiple of kPageTokens
  // Per group: how many of its pages nobody holds now, so that acquire() takes them from the available ones.
  std::vector<int32_t> num_evictable;
  std::vector<std::vector<PageId>> pages;  // per group, by index; only those that acquire() takes matter
};

class KvCache {
 public:
  // `pages_per_group`: one size per group of the spec.
  KvCache(CacheSpec spec, const std::vector<int32_t>& pages_per_group, KvCacheOptions options);

  size_t num_groups() const { return pools_.size(); }
  const CacheGroup& group(size_t g) const { return spec_.groups[g]; }
  const PagePool& pool(size_t g) const { return pools_[g]; }
  bool prefix_caching() const { return options_.enable_prefix_caching; }

  // Makes `pages` ready for a sequence that holds nothing yet. `tenant_salt` parts it from other tenants' pages.
  void begin(SequencePages& pages, const std::string& tenant_salt) const;

  // The longest hit of at most `max_tokens` tokens: its pages of the full groups, and the pages of the window groups
  // that cover the last `window` tokens before the next one, are all resident. Changes nothing but `pages.keys`.
  void find_prefix(SequencePages& pages, std::span<const TokenId> tokens, int32_t max_tokens, PrefixHit& hit) const;
  // Takes the pages of a hit that was found since the cache last changed. `pages` must hold nothing.
  void acquire(SequencePages& pages, const PrefixHit& hit);

  // Pages that grow() would take from group `g`.
  int32_t num_pages_to_grow(const SequencePages& pages, size_t g, int32_t num_tokens) const;
  // Allocates pages for the positions up to num_tokens - 1, in every group. CHECKs that they are available.
  void grow(SequencePages& pages, int32_t num_tokens);

  // The K and V of tokens[0, num_committed) are known to be written and right: publishes the pages that became full,
  // then frees those that the next token's window does not reach.
  void commit(SequencePages& pages, std::span<const TokenId> tokens, int32_t num_committed);

  // First page that a token at `position` still sees in group `g`.
  int32_t first_visible_page(size_t g, int32_t position) const;

  // Lets go of all pages, the last first, so that the end of a prefix is evicted before its beginning.
  void release(SequencePages& pages);

  // I9 with refs = holders, over all sequences that hold pages.
  Status check_integrity(std::span<const SequencePages* const> holders) const;

 private:
  void extend_keys(SequencePages& pages, std::span<const TokenId> tokens, size_t num_pages) const;
  PageContent content_of(const SequencePages& pages, std::span<const TokenId> tokens, size_t index) const;

  CacheSpec spec_;
  KvCacheOptions options_;
  std::vector<PagePool> pools_;
};

}  // namespace weft
