#include "grammar/code_point_set.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

namespace weft {

CodePointSet::CodePointSet(std::initializer_list<Range> ranges) {
  for (const Range& range : ranges) add(range.first, range.last);
  normalize();  // constants are shared by threads: nothing is left to do when they are read
}

void CodePointSet::add(char32_t first, char32_t last) {
  // In ascending order, as tables and most classes come, nothing is left to sort.
  if (normal_ && !ranges_.empty() && first <= ranges_.back().last + 1) {
    if (first >= ranges_.back().first) {
      ranges_.back().last = std::max(ranges_.back().last, last);
      return;
    }
    normal_ = false;
  }
  ranges_.push_back({first, last});
}

void CodePointSet::add(const CodePointSet& other) {
  for (const Range& range : other.ranges()) add(range.first, range.last);
}

void CodePointSet::normalize() const {
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  size_t kept = 0;
  for (const Range& range : ranges_) {
    if (kept > 0 && range.first <= ranges_[kept - 1].last + 1) {
      ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.resize(kept);
  normal_ = true;
}

const std::vector<CodePointSet::Range>& CodePointSet::ranges() const {
  if (!normal_) normalize();
  return ranges_;
}

CodePointSet CodePointSet::complement() const {
  CodePointSet out;
  char32_t next = 0;
  for (const Range& range : ranges()) {
    if (range.first > next) out.add(next, range.first - 1);
    next = range.last + 1;
  }
  if (next <= kMax) out.add(next, kMax);
  return out;
}

bool CodePointSet::contains(char32_t code_point) const {
  const auto& all = ranges();
  const auto after = std::upper_bound(all.begin(), all.end(), code_point,
                                      [](char32_t c, const Range& range) { return c < range.first; });
  return after != all.begin() && code_point <= (after - 1)->last;
}

namespace {

struct Folded {
  char32_t key, member;
};

// Every code point that has a case, beside the one form that all its variants share; sorted by that form.
const std::vector<Folded>& case_table() {
  static const std::vector<Folded> table = [] {
    constexpr utf8proc_int32_t kLastCased = 0x1FFFF;  // nothing above has case
    std::vector<Folded> out;
    for (utf8proc_int32_t c = 0; c <= kLastCased; ++c) {
      const utf8proc_int32_t key = utf8proc_tolower(utf8proc_toupper(c));
      if (key == c) continue;
      out.push_back({static_cast<char32_t>(key), static_cast<char32_t>(c)});
      out.push_back({static_cast<char32_t>(key), static_cast<char32_t>(key)});
    }
    std::sort(out.begin(), out.end(),
              [](const Folded& a, const Folded& b) { return std::pair(a.key, a.member) < std::pair(b.key, b.member); });
    return out;
  }();
  return table;
}

}  // namespace

CodePointSet CodePointSet::with_other_case() const {
  const std::vector<Folded>& table = case_table();
  CodePointSet out = *this;
  for (size_t begin = 0, end = 0; begin < table.size(); begin = end) {
    bool hit = false;
    for (end = begin; end < table.size() && table[end].key == table[begin].key; ++end) {
      hit = hit || contains(table[end].member);
    }
    for (size_t i = begin; hit && i < end; ++i) out.add(table[i].member, table[i].member);
  }
  return out;
}

namespace {

// Splits [first, last], whose forms have `length` bytes, into ranges whose forms are a product of byte ranges: below
// the first byte where its two ends differ, all bytes run through their whole range.
template <class Emit>
void for_each_product(char32_t first, char32_t last, size_t length, const Emit& emit) {
  while (first <= last) {
    char32_t end = last;
    for (size_t tail = 1; tail < length; ++tail) {
      const char32_t mask = (char32_t{1} << (6 * tail)) - 1;
      if ((first & ~mask) == (end & ~mask)) continue;
      if ((first & mask) != 0) {
        end = first | mask;
      } else if ((end & mask) != mask) {
        end = (end & ~mask) - 1;
      }
    }
    emit(first, end);
    first = end + 1;
  }
}

void encode(char32_t c, size_t length, uint8_t* out) {
  constexpr uint8_t kLead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
  for (size_t i = length; i-- > 1;) {
    out[i] = static_cast<uint8_t>(0x80 | (c & 0x3F));
    c >>= 6;
  }
  out[0] = static_cast<uint8_t>(kLead[length] | c);
}

}  // namespace

Utf8Graph::Utf8Graph(const CodePointSet& set) {
  constexpr CodePointSet::Range kByLength[] = {
      {0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, 0x10FFFF}};
  constexpr size_t kLength[] = {1, 2, 3, 3, 4};
  open_.emplace_back();
  for (const CodePointSet::Range& range : set.ranges()) {
    for (size_t i = 0; i < std::size(kByLength); ++i) {
      const char32_t first = std::max(range.first, kByLength[i].first);
      const char32_t last = std::min(range.last, kByLength[i].last);
      if (first > last) continue;
      const size_t length = kLength[i];
      for_each_product(first, last, length, [this, length](char32_t a, char32_t b) {
        uint8_t low[4];
        uint8_t high[4];
        encode(a, length, low);
        encode(b, length, high);
        add_sequence(low, high, length);
      });
    }
  }
  share_tail_of(0);
  nodes_.push_back(std::move(open_[0]));
  open_.clear();
}

// Sequences come in ascending order, so that a node is complete once a sequence leaves it: then it is shared.
void Utf8Graph::add_sequence(const uint8_t* first, const uint8_t* last, size_t length) {
  size_t depth = 0;
  while (depth + 1 < length && depth + 1 < open_.size() && !open_[depth].empty() &&
         open_[depth].back().first == first[depth] && open_[depth].back().last == last[depth]) {
    ++depth;
  }
  share_tail_of(depth);
  for (; depth < length; ++depth) {
    open_[depth].push_back({first[depth], last[depth], kFinal});
    if (depth + 1 < length) open_.emplace_back();
  }
}

// Closes the open nodes below `depth`, deepest first.
void Utf8Graph::share_tail_of(size_t depth) {
  while (open_.size() > depth + 1) {
    std::vector<Edge> node = std::move(open_.back());
    open_.pop_back();
    const int32_t to = share(std::move(node));
    std::vector<Edge>& parent = open_.back();
    parent.back().to = to;
    const size_t n = parent.size();
    if (n >= 2 && parent[n - 2].to == to && parent[n - 2].last + 1 == parent[n - 1].first) {
      parent[n - 2].last = parent[n - 1].last;
      parent.pop_back();
    }
  }
}

int32_t Utf8Graph::share(std::vector<Edge> node) {
  // Newest first: a set's neighbouring characters have the same tails.
  constexpr size_t kLookBack = 64;
  const size_t oldest = nodes_.size() > kLookBack ? nodes_.size() - kLookBack : 0;
  for (size_t n = nodes_.size(); n-- > oldest;) {
    if (nodes_[n] == node) return static_cast<int32_t>(n);
  }
  nodes_.push_back(std::move(node));
  return static_cast<int32_t>(nodes_.size()) - 1;
}

void Utf8Graph::add_to(Nfa& nfa, int32_t from, int32_t to) const {
  const int32_t base = nfa.num_states();
  const size_t root = nodes_.size() - 1;
  for (size_t n = 0; n < root; ++n) nfa.add_state();
  for (size_t n = 0; n <= root; ++n) {
    const int32_t state = n == root ? from : base + static_cast<int32_t>(n);
    for (const Edge& edge : nodes_[n]) {
      nfa.add_edge(state, edge.first, edge.last, edge.to == kFinal ? to : base + edge.to);
    }
  }
}

}  // namespace weft
