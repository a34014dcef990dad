#include "kv_cache/page_pool.h"

#include <bit>
#include <cstring>

namespace weft {

PagePool::PagePool(int32_t num_pages) {
  CHECK(num_pages >= 0);
  pages_.resize(static_cast<size_t>(num_pages));
  free_.reserve(pages_.size());
  for (PageId page = num_pages - 1; page >= 0; --page) free_.push_back(page);
  slots_.assign(std::bit_ceil(2 * pages_.size() + 1), kNoPage);
}

PageId PagePool::allocate() {
  CHECK(num_available() > 0);
  PageId page = kNoPage;
  if (!free_.empty()) {
    page = free_.back();
    free_.pop_back();
  } else {
    page = oldest_;
    remove_evictable(page);
    unpublish(page);
    ++num_evictions_;
  }
  at(page).state = PageState::kInUse;
  at(page).refs = 1;
  return page;
}

void PagePool::retain(PageId page) {
  CHECK(at(page).state != PageState::kFree);
  if (at(page).state == PageState::kEvictable) {
    remove_evictable(page);
    at(page).state = PageState::kInUse;
  }
  ++at(page).refs;
}

void PagePool::release(PageId page) {
  CHECK(at(page).state == PageState::kInUse && at(page).refs > 0);
  if (--at(page).refs > 0) return;
  if (at(page).published) {
    at(page).state = PageState::kEvictable;
    append_evictable(page);
  } else {
    at(page).state = PageState::kFree;
    free_.push_back(page);
  }
}

bool PagePool::publish(PageId page, const PageContent& content) {
  CHECK(at(page).state == PageState::kInUse);
  const size_t slot = slot_of(content.key);
  if (at(page).published || slots_[slot] != kNoPage) return false;
  slots_[slot] = page;
  at(page).content = content;
  at(page).published = true;
  return true;
}

PageId PagePool::find(const PageContent& content) const {
  const PageId page = slots_[slot_of(content.key)];
  if (page == kNoPage) return kNoPage;
  const PageContent& found = at(page).content;
  return found.tokens == content.tokens && found.fingerprint == content.fingerprint ? page : kNoPage;
}

void PagePool::append_evictable(PageId page) {
  at(page).older = newest_;
  at(page).newer = kNoPage;
  (newest_ == kNoPage ? oldest_ : at(newest_).newer) = page;
  newest_ = page;
  ++num_evictable_;
}

void PagePool::remove_evictable(PageId page) {
  Page& p = at(page);
  (p.older == kNoPage ? oldest_ : at(p.older).newer) = p.newer;
  (p.newer == kNoPage ? newest_ : at(p.newer).older) = p.older;
  p.older = p.newer = kNoPage;
  --num_evictable_;
}

size_t PagePool::home_slot(const Digest& key) const {
  uint64_t word = 0;
  std::memcpy(&word, key.data(), sizeof(word));  // a digest's bits are as good as any hash of them
  return word & (slots_.size() - 1);
}

size_t PagePool::slot_of(const Digest& key) const {
  size_t slot = home_slot(key);
  while (slots_[slot] != kNoPage && at(slots_[slot]).content.key != key) slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

// Removes by shifting back, so that no tombstones gather: a later entry of the run moves into the hole unless its home
// lies between the hole and itself.
void PagePool::unpublish(PageId page) {
  const size_t mask = slots_.size() - 1;
  size_t hole = slot_of(at(page).content.key);
  CHECK(slots_[hole] == page);
  for (size_t next = (hole + 1) & mask; slots_[next] != kNoPage; next = (next + 1) & mask) {
    const size_t home = home_slot(at(slots_[next]).content.key);
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    slots_[hole] = slots_[next];
    hole = next;
  }
  slots_[hole] = kNoPage;
  at(page).published = false;
}

Status PagePool::check_integrity(std::span<const int32_t> holders) const {
  TRY(check_lists(holders));
  return check_index();
}

Status PagePool::check_lists(std::span<const int32_t> holders) const {
  int32_t num_by_state[3] = {};
  for (PageId page = 0; page < num_pages(); ++page) {
    const Page& p = at(page);
    ++num_by_state[static_cast<size_t>(p.state)];
    const int32_t held = holders[static_cast<size_t>(page)];
    if (p.refs != held || (p.state == PageState::kInUse) != (held > 0)) {
      return make_error(ErrorCode::kInternalError, "Page {} has state {} and {} references, but {} holders.", page,
                        static_cast<int>(p.state), p.refs, held);
    }
    if (p.state != PageState::kInUse && p.published != (p.state == PageState::kEvictable)) {
      return make_error(ErrorCode::kInternalError, "Page {} has state {}, but published is {}.", page,
                        static_cast<int>(p.state), p.published);
    }
  }
  int32_t num_listed = 0;
  for (PageId page = oldest_; page != kNoPage && num_listed <= num_pages(); page = at(page).newer) {
    ++num_listed;
    if (at(page).state != PageState::kEvictable) {
      return make_error(ErrorCode::kInternalError, "Page {} is listed as evictable, but is not.", page);
    }
  }
  if (num_listed != num_by_state[2] || num_evictable_ != num_by_state[2] || num_free() != num_by_state[0]) {
    return make_error(
        ErrorCode::kInternalError,
        "Of {} pages {} are free by state and {} by list, {} evictable by state, {} by list, {} by count.", num_pages(),
        num_by_state[0], num_free(), num_by_state[2], num_listed, num_evictable_);
  }
  for (PageId page : free_) {
    if (at(page).state != PageState::kFree) {
      return make_error(ErrorCode::kInternalError, "Page {} is listed as free, but is not.", page);
    }
  }
  return {};
}

Status PagePool::check_index() const {
  int32_t num_indexed = 0;
  for (PageId page : slots_) {
    if (page == kNoPage) continue;
    ++num_indexed;
    if (!at(page).published || slots_[slot_of(at(page).content.key)] != page) {
      return make_error(ErrorCode::kInternalError, "The prefix index holds page {}, which is not to be found there.",
                        page);
    }
  }
  int32_t num_published = 0;
  for (const Page& page : pages_) num_published += page.published ? 1 : 0;
  if (num_indexed != num_published) {
    return make_error(ErrorCode::kInternalError, "The prefix index holds {} pages, but {} are published.", num_indexed,
                      num_published);
  }
  return {};
}

}  // namespace weft
