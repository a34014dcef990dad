#include "grammar/slice_cache.h"

namespace weft {

void TokenSet::add_to(std::span<uint32_t> mask) const {
  for (size_t w = 0; w < bits.size() && w < mask.size(); ++w) mask[w] |= bits[w];
  for (TokenId token : list) set_token(mask, token);
}

size_t Slice::memory_bytes() const {
  size_t bytes = sizeof(Slice) + inside.memory_bytes() + to_walk.memory_bytes();
  for (const Exit& exit : exits) bytes += sizeof(Exit) + exit.rest.memory_bytes();
  return bytes;
}

size_t SliceCache::Hash::operator()(const Key& key) const {
  size_t hash = key.grammar;
  auto mix = [&](uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    hash ^= hash >> 29;
  };
  mix(static_cast<uint64_t>(key.automaton) << 32 | static_cast<uint32_t>(key.state));
  mix(static_cast<uint64_t>(key.escape) << 32 | static_cast<uint32_t>(key.mode));
  mix(static_cast<uint64_t>(key.min_chars));
  mix(static_cast<uint64_t>(key.max_chars));
  for (uint64_t word : key.follow) mix(word);
  return hash;
}

uint64_t SliceCache::new_grammar() {
  std::lock_guard lock(mutex_);
  return ++grammars_;
}

std::shared_ptr<const Slice> SliceCache::find(const Key& key) {
  std::lock_guard lock(mutex_);
  auto at = index_.find(key);
  if (at == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, at->second);
  return at->second->slice;
}

void SliceCache::add(const Key& key, std::shared_ptr<const Slice> slice) {
  size_t bytes = slice->memory_bytes() + sizeof(Entry) + sizeof(Key) + 64;
  std::lock_guard lock(mutex_);
  if (bytes > max_bytes_ || index_.contains(key)) return;
  entries_.push_front({key, std::move(slice), bytes});
  index_.emplace(key, entries_.begin());
  bytes_ += bytes;
  while (bytes_ > max_bytes_) {
    bytes_ -= entries_.back().bytes;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

size_t SliceCache::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace weft
