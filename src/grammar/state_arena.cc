#include "grammar/state_arena.h"

#include "base/check.h"

namespace weft {

namespace {

size_t mix(size_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 29);
}

uint64_t pair_bits(int32_t a, int32_t b) {
  return (static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32) | static_cast<uint32_t>(b);
}

}  // namespace

size_t StateArena::FrameHash::operator()(const Frame& frame) const {
  size_t hash = pair_bits((static_cast<int32_t>(frame.kind) << 16) | frame.depth, frame.parent);
  hash = mix(hash, pair_bits(frame.x, frame.y));
  hash = mix(hash, pair_bits(frame.z, frame.w));
  hash = mix(hash, pair_bits(frame.u, frame.ws));
  return mix(hash, static_cast<uint32_t>(frame.record));
}

size_t StateArena::CellHash::operator()(const Cell& cell) const {
  return mix(mix(cell.points ? 1 : 2, pair_bits(cell.a, cell.b)), static_cast<uint32_t>(cell.next));
}

size_t StateArena::hash_calls(std::span<const RuleCall> calls) {
  size_t hash = calls.size();
  for (const RuleCall& call : calls) hash = mix(hash, pair_bits(call.rule, call.parent));
  return hash;
}

int32_t StateArena::find_site(std::span<const RuleCall> calls) const {
  size_t hash = hash_calls(calls);
  for (int32_t i = site_buckets_[hash % kSiteBuckets]; i >= 0; i = sites_[static_cast<size_t>(i)].next) {
    const Site& site = sites_[static_cast<size_t>(i)];
    if (site.hash != hash || site.num_calls != calls.size()) continue;
    if (std::equal(calls.begin(), calls.end(), calls_.begin() + static_cast<ptrdiff_t>(site.first_call))) return i;
  }
  return -1;
}

int32_t StateArena::begin_site(std::span<const RuleCall> calls) {
  size_t hash = hash_calls(calls);
  int32_t& bucket = site_buckets_[hash % kSiteBuckets];
  sites_.push_back({.hash = hash,
                    .next = bucket,
                    .first_call = calls_.size(),
                    .num_calls = calls.size(),
                    .first_rule = site_rules_.size(),
                    .num_rules = 0,
                    .first_thread = threads_.size(),
                    .num_threads = 0});
  calls_.insert(calls_.end(), calls.begin(), calls.end());
  bucket = static_cast<int32_t>(sites_.size()) - 1;
  return bucket;
}

int32_t StateArena::site_rule_frame(int32_t site, int32_t rule) const {
  const Site& entry = sites_[static_cast<size_t>(site)];
  for (size_t i = entry.first_rule; i < entry.first_rule + entry.num_rules; ++i) {
    if (site_rules_[i].rule == rule) return site_rules_[i].frame;
  }
  return -1;
}

int32_t StateArena::add_site_rule(int32_t site, int32_t rule) {
  Site& entry = sites_[static_cast<size_t>(site)];
  CHECK(entry.first_rule + entry.num_rules == site_rules_.size());
  int32_t frame = frames_.add({.kind = FrameKind::kRule, .x = rule, .y = site});
  site_rules_.push_back({rule, frame});
  ranges_.push_back({frame, 0, 0});
  ++entry.num_rules;
  return frame;
}

void StateArena::finish_site(int32_t site, std::vector<std::pair<int32_t, int32_t>> edges,
                             std::span<const Frame> threads) {
  Site& entry = sites_[static_cast<size_t>(site)];
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  for (size_t i = entry.first_rule; i < entry.first_rule + entry.num_rules; ++i) {
    ranges_[i].first = edges_.size();
    auto at = std::lower_bound(edges.begin(), edges.end(), std::pair<int32_t, int32_t>(site_rules_[i].frame, -1));
    for (; at != edges.end() && at->first == site_rules_[i].frame; ++at) edges_.push_back(at->second);
    ranges_[i].count = edges_.size() - ranges_[i].first;
  }
  entry.first_thread = threads_.size();
  entry.num_threads = threads.size();
  threads_.insert(threads_.end(), threads.begin(), threads.end());
}

std::span<const int32_t> StateArena::rule_edges(int32_t frame) const {
  const Site& site = sites_[static_cast<size_t>(frames_[frame].y)];
  for (size_t i = site.first_rule; i < site.first_rule + site.num_rules; ++i) {
    if (ranges_[i].frame == frame) return std::span(edges_).subspan(ranges_[i].first, ranges_[i].count);
  }
  return {};
}

std::span<const Frame> StateArena::site_threads(int32_t site) const {
  const Site& entry = sites_[static_cast<size_t>(site)];
  return std::span(threads_).subspan(entry.first_thread, entry.num_threads);
}

StateArena::Mark StateArena::mark() const { return {frames_.size(), cells_.size(), sites_.size()}; }

void StateArena::truncate(const Mark& mark) {
  while (sites_.size() > mark.sites) {
    const Site& site = sites_.back();
    site_buckets_[site.hash % kSiteBuckets] = site.next;
    calls_.resize(site.first_call);
    if (site.num_rules > 0 && ranges_[site.first_rule].first <= edges_.size()) {
      edges_.resize(ranges_[site.first_rule].first);
    }
    site_rules_.resize(site.first_rule);
    ranges_.resize(site.first_rule);
    threads_.resize(site.first_thread);
    sites_.pop_back();
  }
  frames_.truncate(mark.frames);
  cells_.truncate(mark.cells);
}

struct StateArena::Marking {
  std::vector<uint8_t> frames, cells, sites;
  std::vector<int32_t> waiting;  // frames whose references are not yet marked

  std::vector<int32_t> pointed;  // cells whose chains are not yet marked

  void cell(const StateArena& arena, int32_t index) {
    pointed.push_back(index);
    while (!pointed.empty()) {
      int32_t at = pointed.back();
      pointed.pop_back();
      for (; at >= 0 && cells[static_cast<size_t>(at)] == 0; at = arena.cell(at).next) {
        cells[static_cast<size_t>(at)] = 1;
        if (arena.cell(at).points) pointed.push_back(arena.cell(at).a);
      }
    }
  }
  void frame(int32_t index) {
    if (index < 0 || frames[static_cast<size_t>(index)] != 0) return;
    frames[static_cast<size_t>(index)] = 1;
    waiting.push_back(index);
  }
};

namespace {

// The fields of a frame that are cells: lists, texts, counts.
template <class Visit>
void for_each_cell(Frame& frame, bool in_arena, const Visit& visit) {
  if (!in_arena) visit(frame.record);
  switch (frame.kind) {
    case FrameKind::kKey:
    case FrameKind::kColon:
      visit(frame.w);
      break;
    case FrameKind::kArrayFirst:
    case FrameKind::kArrayItem:
    case FrameKind::kArrayNext:
    case FrameKind::kObjectFirst:
    case FrameKind::kObjectKey:
    case FrameKind::kObjectNext:
      visit(frame.z);
      visit(frame.w);
      visit(frame.u);
      break;
    default:
      break;
  }
}

}  // namespace

void StateArena::mark_reachable(Marking& marking) const {
  auto cell = [&](int32_t index) { marking.cell(*this, index); };
  while (!marking.waiting.empty()) {
    Frame frame = frames_[marking.waiting.back()];
    marking.waiting.pop_back();
    marking.frame(frame.parent);
    for_each_cell(frame, true, cell);
    if (frame.kind != FrameKind::kRule || marking.sites[static_cast<size_t>(frame.y)] != 0) continue;
    marking.sites[static_cast<size_t>(frame.y)] = 1;
    const Site& site = sites_[static_cast<size_t>(frame.y)];
    for (size_t i = 0; i < site.num_rules; ++i) {
      marking.frame(site_rules_[site.first_rule + i].frame);
      for (int32_t edge : rule_edges(site_rules_[site.first_rule + i].frame)) marking.frame(edge);
    }
    for (size_t i = 0; i < site.num_calls; ++i) marking.frame(calls_[site.first_call + i].parent);
    for (size_t i = 0; i < site.num_threads; ++i) marking.frame(threads_[site.first_thread + i].parent);
  }
}

void StateArena::compact(std::vector<Frame>& threads) {
  Marking marking{.frames = std::vector<uint8_t>(frames_.size(), 0),
                  .cells = std::vector<uint8_t>(cells_.size(), 0),
                  .sites = std::vector<uint8_t>(sites_.size(), 0),
                  .waiting = {},
                  .pointed = {}};
  if (frames_.size() > 0) marking.frame(0);  // the bottom and the empty text keep their numbers
  if (cells_.size() > 0) marking.cells[0] = 1;
  for (Frame& thread : threads) {
    marking.frame(thread.parent);
    for_each_cell(thread, false, [&](int32_t index) { marking.cell(*this, index); });
  }
  mark_reachable(marking);
  keep_marked(marking, threads);
}

void StateArena::keep_marked(const Marking& marking, std::vector<Frame>& threads) {
  auto numbering = [](const std::vector<uint8_t>& marks) {
    std::vector<int32_t> numbers(marks.size(), -1);
    int32_t count = 0;
    for (size_t i = 0; i < marks.size(); ++i) {
      if (marks[i] != 0) numbers[i] = count++;
    }
    return numbers;
  };
  std::vector<int32_t> frame_number = numbering(marking.frames);
  std::vector<int32_t> cell_number = numbering(marking.cells);
  std::vector<int32_t> site_number = numbering(marking.sites);
  auto renumber_cell = [&](int32_t& cell) { cell = cell < 0 ? cell : cell_number[static_cast<size_t>(cell)]; };
  auto renumber = [&](Frame frame, bool in_arena) {
    if (frame.parent >= 0) frame.parent = frame_number[static_cast<size_t>(frame.parent)];
    if (frame.kind == FrameKind::kRule) frame.y = site_number[static_cast<size_t>(frame.y)];
    for_each_cell(frame, in_arena, renumber_cell);
    return frame;
  };

  StateArena kept;
  for (size_t i = 0; i < sites_.size(); ++i) {
    if (marking.sites[i] == 0) continue;
    const Site& site = sites_[i];
    std::vector<RuleCall> calls;
    for (size_t c = 0; c < site.num_calls; ++c) {
      RuleCall call = calls_[site.first_call + c];
      calls.push_back({call.rule, frame_number[static_cast<size_t>(call.parent)]});
    }
    Site& copy = kept.sites_[static_cast<size_t>(kept.begin_site(calls))];
    std::vector<std::pair<int32_t, int32_t>> edges;
    for (size_t r = 0; r < site.num_rules; ++r) {
      SiteRule rule = site_rules_[site.first_rule + r];
      int32_t number = frame_number[static_cast<size_t>(rule.frame)];
      kept.site_rules_.push_back({rule.rule, number});
      kept.ranges_.push_back({number, 0, 0});
      ++copy.num_rules;
      for (int32_t edge : rule_edges(rule.frame)) {
        edges.emplace_back(number, frame_number[static_cast<size_t>(edge)]);
      }
    }
    std::vector<Frame> site_threads;
    for (size_t t = 0; t < site.num_threads; ++t)
      site_threads.push_back(renumber(threads_[site.first_thread + t], false));
    kept.finish_site(static_cast<int32_t>(kept.sites_.size()) - 1, std::move(edges), site_threads);
  }
  std::vector<Frame> frames;
  for (size_t i = 0; i < frames_.size(); ++i) {
    if (marking.frames[i] != 0) frames.push_back(renumber(frames_[static_cast<int32_t>(i)], true));
  }
  std::vector<Cell> cells;
  for (size_t i = 0; i < cells_.size(); ++i) {
    if (marking.cells[i] == 0) continue;
    cells.push_back(cells_[static_cast<int32_t>(i)]);
    renumber_cell(cells.back().next);
    if (cells.back().points) renumber_cell(cells.back().a);
  }
  kept.frames_.assign(std::move(frames));
  kept.cells_.assign(std::move(cells));
  for (Frame& thread : threads) thread = renumber(thread, false);
  *this = std::move(kept);
}

size_t StateArena::memory_bytes() const {
  return frames_.memory_bytes() + cells_.memory_bytes() + sites_.capacity() * sizeof(Site) +
         calls_.capacity() * sizeof(RuleCall) + edges_.capacity() * sizeof(int32_t) +
         (site_rules_.capacity() + ranges_.capacity()) * sizeof(EdgeRange) + threads_.capacity() * sizeof(Frame);
}

}  // namespace weft
