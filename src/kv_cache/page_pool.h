// The pages of one cache group as integers, and the index of those whose content may be shared. A page is in exactly
// one state, and every change of state is one of the functions below:
//
//          allocate()                 release(), last holder, published
//   free ------------> in use (refs) ---------------------------------> evictable
//     ^                  |      ^                                        |   |
//     |  release(), last |      |               retain()                 |   |
//     +---- holder, not -+      +----------------------------------------+   |
//     |     published                                                        |
//     +-- (allocate() takes the least recently used when none is free) ------+
//
// Conservation (I9): free + in use + evictable = all. In use: refs = number of block tables that hold the page.
// Owned by KvCache; engine thread only. Nothing is allocated after construction.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/sha256.h"
#include "base/status.h"
#include "request/cache_spec.h"
#include "request/ids.h"

namespace weft {

enum class PageState : uint8_t { kFree, kInUse, kEvictable };

// What a full page holds, as the index knows it.
struct PageContent {
  Digest key{};              // prefix_page_key
  uint64_t fingerprint = 0;  // prefix_page_fingerprint
  std::array<TokenId, kPageTokens> tokens{};
};

class PagePool {
 public:
  explicit PagePool(int32_t num_pages);

  int32_t num_pages() const { return static_cast<int32_t>(pages_.size()); }
  int32_t num_free() const { return static_cast<int32_t>(free_.size()); }
  int32_t num_evictable() const { return num_evictable_; }
  int32_t num_in_use() const { return num_pages() - num_free() - num_evictable(); }
  int32_t num_available() const { return num_free() + num_evictable(); }
  int64_t num_evictions() const { return num_evictions_; }
  PageState state(PageId page) const { return at(page).state; }

  // A page for one holder: a free one, else the least recently used evictable one, which leaves the index. CHECKs that
  // one is available.
  PageId allocate();
  // One holder more; an evictable page comes back into use.
  void retain(PageId page);
  // One holder less. Without holders a published page becomes the most recently used evictable one, any other free.
  void release(PageId page);

  // Puts a page in use, full and never written again, into the index. False, and nothing changes, when the page is
  // there already or another page has the key.
  bool publish(PageId page, const PageContent& content);
  // The page with this key, and with these tokens and this fingerprint; kNoPage when there is none.
  PageId find(const PageContent& content) const;

  // I9 and the index's own laws. `holders[p]`: how many block tables hold page p. The error says what is broken.
  Status check_integrity(std::span<const int32_t> holders) const;

 private:
  struct Page {
    PageState state = PageState::kFree;
    bool published = false;
    int32_t refs = 0;
    PageId older = kNoPage;  // in the list of evictable pages
    PageId newer = kNoPage;
    PageContent content;
  };

  Page& at(PageId page) { return pages_[static_cast<size_t>(page)]; }
  const Page& at(PageId page) const { return pages_[static_cast<size_t>(page)]; }
  void append_evictable(PageId page);
  void remove_evictable(PageId page);
  size_t home_slot(const Digest& key) const;
  size_t slot_of(const Digest& key) const;  // where the key is, or the empty slot where it belongs
  void unpublish(PageId page);
  Status check_lists(std::span<const int32_t> holders) const;
  Status check_index() const;

  std::vector<Page> pages_;
  std::vector<PageId> free_;   // a stack
  std::vector<PageId> slots_;  // open addressing by key, linear probing, at most half full; size a power of two
  PageId oldest_ = kNoPage;
  PageId newest_ = kNoPage;
  int32_t num_evictable_ = 0;
  int64_t num_evictions_ = 0;
};

}  // namespace weft
