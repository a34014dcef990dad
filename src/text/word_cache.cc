#include "text/word_cache.h"

#include <bit>
#include <cstring>

namespace weft {
namespace {

static_assert(std::endian::native == std::endian::little);

// The first `count` (0 to 8) bytes at `at`, the others zero.
uint64_t load_bytes(const char* at, size_t count, const char* readable_end) {
  uint64_t word = 0;
  if (readable_end - at >= 8) {
    std::memcpy(&word, at, 8);
    return count >= 8 ? word : word & ~(~uint64_t{0} << (8 * count));
  }
  for (size_t i = 0; i < count; ++i) word |= static_cast<uint64_t>(static_cast<unsigned char>(at[i])) << (8 * i);
  return word;
}

}  // namespace

bool WordCache::append(std::string_view word, const char* readable_end, std::vector<int32_t>& out) {
  asked_at_ = kEntries;
  size_t size = word.size();
  if (size > kMaxWordBytes) return false;
  Key& key = asked_;
  key.words[0] = load_bytes(word.data(), size, readable_end);
  key.words[1] = size > 8 ? load_bytes(word.data() + 8, size - 8, readable_end) : 0;
  key.words[2] = size > 16 ? load_bytes(word.data() + 16, size - 16, readable_end) : 0;
  key.words[3] = size > 24 ? load_bytes(word.data() + 24, size - 24, readable_end) : 0;
  key.words[3] |= static_cast<uint64_t>(size) << 56;
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15u;
  uint64_t hash = key.words[0] * kMultiplier;
  hash = (hash ^ hash >> 32 ^ key.words[1]) * kMultiplier;
  if (size > 16) hash = (hash ^ hash >> 32 ^ key.words[2]) * kMultiplier;
  hash = (hash ^ hash >> 32 ^ key.words[3]) * kMultiplier;
  asked_at_ = hash >> (64 - std::countr_zero(kEntries));
  // Two places: the newer word is in the first, the one that it drove out in the second.
  for (size_t at : {asked_at_, asked_at_ ^ 1}) {
    const Entry& entry = entries_[at];
    if (!(entry.key == key)) continue;
    out.insert(out.end(), entry.ids, entry.ids + entry.count);
    return true;
  }
  return false;
}

void WordCache::store(std::span<const int32_t> ids) {
  if (asked_at_ == kEntries || ids.size() > kMaxTokens) return;
  entries_[asked_at_ ^ 1] = entries_[asked_at_];
  Entry& entry = entries_[asked_at_];
  entry.key = asked_;
  entry.count = static_cast<int32_t>(ids.size());
  std::copy(ids.begin(), ids.end(), entry.ids);
}

}  // namespace weft
