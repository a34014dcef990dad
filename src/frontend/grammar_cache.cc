#include "frontend/grammar_cache.h"

#include <utility>

namespace weft {
Result<std::shared_ptr<const CompiledGrammar>> GrammarCache::get(const GrammarSpec& spec) {
  std::string key = spec.key();
  {
    std::lock_guard lock(mutex_);
    if (auto at = by_key_.find(key); at != by_key_.end()) {
      entries_.splice(entries_.begin(), entries_, at->second);
      return at->second->grammar;
    }
  }
  TRY_ASSIGN(CompiledGrammar compiled, compile_(spec));
  auto grammar = std::make_shared<const CompiledGrammar>(std::move(compiled));
  size_t bytes = grammar->memory_bytes + 2 * key.size() + sizeof(Entry);
  std::lock_guard lock(mutex_);
  if (bytes > max_bytes_ || by_key_.contains(key)) return grammar;
  entries_.push_front({key, grammar, bytes});
  by_key_.emplace(std::move(key), entries_.begin());
  bytes_ += bytes;
  while (bytes_ > max_bytes_) {
    bytes_ -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return grammar;
}

size_t GrammarCache::memory_bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

size_t GrammarCache::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace weft
