// The memory of one grammar state: stacks, cells and call sites, each stored once so that equal ones have equal
// numbers. Grows like a stack, so that a trial walk is undone by truncation; compacted now and then.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "grammar/frame.h"

namespace weft {

// Items by number, equal items with equal numbers. The newest item heads its chain, so that the last items can go.
template <class Item, class Hash>
class InternTable {
 public:
  int32_t add(const Item& item) {
    if (buckets_.empty()) rehash(64);
    size_t hash = Hash{}(item);
    for (int32_t i = buckets_[hash & (buckets_.size() - 1)]; i >= 0; i = next_[static_cast<size_t>(i)]) {
      if (items_[static_cast<size_t>(i)] == item) return i;
    }
    return append(item, hash);
  }
  // Without looking for an equal item.
  int32_t append(const Item& item, size_t hash) {
    if (items_.size() >= buckets_.size()) rehash(std::max<size_t>(64, buckets_.size() * 2));
    int32_t& head = buckets_[hash & (buckets_.size() - 1)];
    items_.push_back(item);
    next_.push_back(head);
    head = static_cast<int32_t>(items_.size()) - 1;
    return head;
  }
  void truncate(size_t size) {
    while (items_.size() > size) {
      buckets_[Hash{}(items_.back()) & (buckets_.size() - 1)] = next_.back();
      items_.pop_back();
      next_.pop_back();
    }
  }
  void assign(std::vector<Item> items) {
    items_ = std::move(items);
    size_t buckets = 64;
    while (buckets <= items_.size()) buckets *= 2;
    rehash(buckets);
  }
  const Item& operator[](int32_t index) const { return items_[static_cast<size_t>(index)]; }
  size_t size() const { return items_.size(); }
  size_t memory_bytes() const {
    return items_.capacity() * sizeof(Item) + (next_.capacity() + buckets_.capacity()) * sizeof(int32_t);
  }

 private:
  void rehash(size_t buckets) {
    buckets_.assign(buckets, -1);
    next_.assign(items_.size(), -1);
    for (size_t i = 0; i < items_.size(); ++i) {
      int32_t& head = buckets_[Hash{}(items_[i]) & (buckets - 1)];
      next_[i] = head;
      head = static_cast<int32_t>(i);
    }
  }

  std::vector<Item> items_;
  std::vector<int32_t> next_, buckets_;
};

// A rule that was called at one place of the text, and who called it.
struct RuleCall {
  int32_t rule = 0;
  int32_t parent = 0;
  friend auto operator<=>(const RuleCall&, const RuleCall&) = default;
};

class StateArena {
 public:
  StateArena() { site_buckets_.fill(-1); }

  struct Mark {
    size_t frames, cells, sites;
  };

  int32_t add(const Frame& frame) { return frames_.add(frame); }
  const Frame& frame(int32_t index) const { return frames_[index]; }
  int32_t add_cell(int32_t a, int32_t b, int32_t next) { return cells_.add(Cell{a, b, next, false}); }
  int32_t add_pointer(int32_t cell, int32_t b, int32_t next) { return cells_.add(Cell{cell, b, next, true}); }
  const Cell& cell(int32_t index) const { return cells_[index]; }

  // Call sites: the rules called at one place of the text. The same calls make the same site, with the threads and
  // the rule frames that they lead to.
  int32_t find_site(std::span<const RuleCall> calls) const;  // -1: there is none yet
  int32_t begin_site(std::span<const RuleCall> calls);
  int32_t site_rule_frame(int32_t site, int32_t rule) const;  // -1: not called here
  int32_t add_site_rule(int32_t site, int32_t rule);
  // `edges`: all callers of the site's rules, by rule frame.
  void finish_site(int32_t site, std::vector<std::pair<int32_t, int32_t>> edges, std::span<const Frame> threads);
  std::span<const int32_t> rule_edges(int32_t frame) const;
  std::span<const Frame> site_threads(int32_t site) const;

  Mark mark() const;
  void truncate(const Mark& mark);
  // Keeps what `threads` reach, and renumbers what they hold.
  void compact(std::vector<Frame>& threads);
  size_t memory_bytes() const;

 private:
  struct FrameHash {
    size_t operator()(const Frame& frame) const;
  };
  struct CellHash {
    size_t operator()(const Cell& cell) const;
  };
  static constexpr size_t kSiteBuckets = 256;
  struct Site {
    size_t hash;
    int32_t next;  // site of the same bucket, made before
    size_t first_call, num_calls;
    size_t first_rule, num_rules;
    size_t first_thread, num_threads;
  };
  struct SiteRule {
    int32_t rule, frame;
  };
  struct EdgeRange {
    int32_t frame;
    size_t first, count;
  };
  struct Marking;
  static size_t hash_calls(std::span<const RuleCall> calls);
  void mark_reachable(Marking& marking) const;
  void keep_marked(const Marking& marking, std::vector<Frame>& threads);

  InternTable<Frame, FrameHash> frames_;
  InternTable<Cell, CellHash> cells_;
  std::vector<Site> sites_;
  std::array<int32_t, kSiteBuckets> site_buckets_;
  std::vector<RuleCall> calls_;
  std::vector<SiteRule> site_rules_;  // of each site, one after the other
  std::vector<EdgeRange> ranges_;     // parallel to site_rules_: where the edges of that frame lie
  std::vector<int32_t> edges_;
  std::vector<Frame> threads_;
};

}  // namespace weft
