#include "kv_cache/kv_cache.h"

#include <algorithm>

#include "request/prefix_key.h"

namespace weft {
namespace {

int32_t pages_for(int32_t num_tokens) { return (num_tokens + kPageTokens - 1) / kPageTokens; }

void cut_key(Digest& key, int32_t bits) {
  for (int32_t i = 0; i < static_cast<int32_t>(key.size()); ++i) {
    const int32_t keep = std::clamp(bits - 8 * i, 0, 8);
    key[static_cast<size_t>(i)] &= static_cast<uint8_t>((1 << keep) - 1);
  }
}

}  // namespace

KvCache::KvCache(CacheSpec spec, const std::vector<int32_t>& pages_per_group, KvCacheOptions options)
    : spec_(std::move(spec)), options_(options) {
  CHECK(!spec_.groups.empty() && spec_.groups.size() == pages_per_group.size());
  for (const CacheGroup& group : spec_.groups) CHECK(group.kind == CacheGroupKind::kFull || group.window > 0);
  for (int32_t num_pages : pages_per_group) pools_.emplace_back(num_pages);
}

void KvCache::begin(SequencePages& pages, const std::string& tenant_salt) const {
  pages.tables.assign(num_groups(), {});
  pages.keys.clear();
  pages.num_published = 0;
  if (!options_.enable_prefix_caching) return;
  const PrefixScope scope{spec_.model_digest, spec_.layout_id, {}, tenant_salt};
  pages.root = {prefix_root_key(scope), prefix_root_fingerprint(scope)};
  cut_key(pages.root.key, options_.prefix_key_bits);
}

int32_t KvCache::first_visible_page(size_t g, int32_t position) const {
  if (group(g).kind == CacheGroupKind::kFull) return 0;
  return std::max(0, position - group(g).window + 1) / kPageTokens;
}

void KvCache::extend_keys(SequencePages& pages, std::span<const TokenId> tokens, size_t num_pages) const {
  while (pages.keys.size() < num_pages) {
    const SequencePages::Key& parent = pages.keys.empty() ? pages.root : pages.keys.back();
    const auto page_tokens = tokens.subspan(pages.keys.size() * kPageTokens, kPageTokens);
    SequencePages::Key key{prefix_page_key(parent.key, page_tokens),
                           prefix_page_fingerprint(parent.fingerprint, page_tokens)};
    cut_key(key.key, options_.prefix_key_bits);
    pages.keys.push_back(key);
  }
}

PageContent KvCache::content_of(const SequencePages& pages, std::span<const TokenId> tokens, size_t index) const {
  PageContent content{pages.keys[index].key, pages.keys[index].fingerprint, {}};
  std::copy_n(tokens.begin() + static_cast<ptrdiff_t>(index * kPageTokens), kPageTokens, content.tokens.begin());
  return content;
}

void KvCache::find_prefix(SequencePages& pages, std::span<const TokenId> tokens, int32_t max_tokens,
                          PrefixHit& hit) const {
  hit.num_tokens = 0;
  hit.num_evictable.assign(num_groups(), 0);
  hit.pages.resize(num_groups());
  for (std::vector<PageId>& found : hit.pages) found.clear();
  if (!options_.enable_prefix_caching) return;

  // One walk from the front. `i` pages are a hit when each window group's resident pages reach back from page i - 1
  // without a gap to the first page that a token at position 16 i sees. It ends at the first page that a full group
  // lacks; with window groups alone a hit may lie behind any gap.
  const int32_t max_pages = std::min(max_tokens, static_cast<int32_t>(tokens.size())) / kPageTokens;
  int32_t num_hit_pages = 0;
  std::vector<int32_t> run_start(num_groups(), 0);
  for (int32_t i = 1; i <= max_pages; ++i) {
    extend_keys(pages, tokens, static_cast<size_t>(i));
    const PageContent content = content_of(pages, tokens, static_cast<size_t>(i - 1));
    bool full_groups_go_on = true;
    bool is_hit = true;
    for (size_t g = 0; g < num_groups(); ++g) {
      const PageId page = pools_[g].find(content);
      hit.pages[g].push_back(page);
      if (page == kNoPage) run_start[g] = i;
      if (group(g).kind == CacheGroupKind::kFull && page == kNoPage) full_groups_go_on = false;
      if (run_start[g] > first_visible_page(g, i * kPageTokens)) is_hit = false;
    }
    if (!full_groups_go_on) break;
    if (is_hit) num_hit_pages = i;
  }

  hit.num_tokens = num_hit_pages * kPageTokens;
  for (size_t g = 0; g < num_groups(); ++g) {
    for (int32_t i = first_visible_page(g, hit.num_tokens); i < num_hit_pages; ++i) {
      const PageId page = hit.pages[g][static_cast<size_t>(i)];
      if (pools_[g].state(page) == PageState::kEvictable) ++hit.num_evictable[g];
    }
  }
}

void KvCache::acquire(SequencePages& pages, const PrefixHit& hit) {
  const int32_t num_pages = hit.num_tokens / kPageTokens;
  for (size_t g = 0; g < num_groups(); ++g) {
    BlockTable& table = pages.tables[g];
    CHECK(table.pages.empty());
    table.first_held = std::min(first_visible_page(g, hit.num_tokens), num_pages);
    table.pages.assign(static_cast<size_t>(table.first_held), kNoPage);
    for (int32_t i = table.first_held; i < num_pages; ++i) {
      const PageId page = hit.pages[g][static_cast<size_t>(i)];
      pools_[g].retain(page);
      table.pages.push_back(page);
      ++table.num_held;
    }
  }
  pages.num_published = num_pages;
}

int32_t KvCache::num_pages_to_grow(const SequencePages& pages, size_t g, int32_t num_tokens) const {
  return std::max(0, pages_for(num_tokens) - static_cast<int32_t>(pages.tables[g].pages.size()));
}

void KvCache::grow(SequencePages& pages, int32_t num_tokens) {
  const auto num_pages = static_cast<size_t>(pages_for(num_tokens));
  for (size_t g = 0; g < num_groups(); ++g) {
    BlockTable& table = pages.tables[g];
    while (table.pages.size() < num_pages) {
      table.pages.push_back(pools_[g].allocate());
      ++table.num_held;
    }
  }
}

void KvCache::commit(SequencePages& pages, std::span<const TokenId> tokens, int32_t num_committed) {
  if (options_.enable_prefix_caching) {
    for (; (pages.num_published + 1) * kPageTokens <= num_committed; ++pages.num_published) {
      const auto i = static_cast<size_t>(pages.num_published);
      extend_keys(pages, tokens, i + 1);
      const PageContent content = content_of(pages, tokens, i);
      for (size_t g = 0; g < num_groups(); ++g) {
        const PageId page = pages.tables[g].pages[i];
        if (page != kNoPage) pools_[g].publish(page, content);
      }
    }
  }
  for (size_t g = 0; g < num_groups(); ++g) {
    BlockTable& table = pages.tables[g];
    const int32_t first_needed =
        std::min(first_visible_page(g, num_committed), static_cast<int32_t>(table.pages.size()));
    for (; table.first_held < first_needed; ++table.first_held) {
      pools_[g].release(table.pages[static_cast<size_t>(table.first_held)]);
      table.pages[static_cast<size_t>(table.first_held)] = kNoPage;
      --table.num_held;
    }
  }
}

void KvCache::release(SequencePages& pages) {
  for (size_t g = 0; g < num_groups(); ++g) {
    BlockTable& table = pages.tables[g];
    for (size_t i = table.pages.size(); i > static_cast<size_t>(table.first_held); --i) {
      pools_[g].release(table.pages[i - 1]);
    }
    table.pages.clear();
    table.num_held = 0;
    table.first_held = 0;
  }
  pages.num_published = 0;
}

Status KvCache::check_integrity(std::span<const SequencePages* const> holders) const {
  for (size_t g = 0; g < num_groups(); ++g) {
    std::vector<int32_t> num_holders(static_cast<size_t>(pools_[g].num_pages()), 0);
    for (const SequencePages* pages : holders) {
      const BlockTable& table = pages->tables[g];
      int32_t num_held = 0;
      for (size_t i = 0; i < table.pages.size(); ++i) {
        const PageId page = table.pages[i];
        if ((page != kNoPage) != (i >= static_cast<size_t>(table.first_held))) {
          return make_error(ErrorCode::kInternalError, "A block table of group {} has page {} at {}, first held {}.", g,
                            page, i, table.first_held);
        }
        if (page == kNoPage) continue;
        ++num_held;
        ++num_holders[static_cast<size_t>(page)];
      }
      if (num_held != table.num_held) {
        return make_error(ErrorCode::kInternalError, "A block table of group {} holds {} pages, but counts {}.", g,
                          num_held, table.num_held);
      }
    }
    if (Status status = pools_[g].check_integrity(num_holders); !status) {
      return in_context(fmt::format("Cache group {}", g), status.error());
    }
  }
  return {};
}

}  // namespace weft
