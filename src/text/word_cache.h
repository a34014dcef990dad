// The tokens of words that were encoded before. Bounded: 1 MiB.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace weft {

// For one thread at a time.
class WordCache {
 public:
  static constexpr size_t kMaxWordBytes = 31;
  static constexpr size_t kMaxTokens = 7;

  WordCache() : entries_(kEntries) {}

  // Appends the tokens of `word` to `out` and gives true when they are known. Reading up to `readable_end` (at or
  // behind the end of the word) must be allowed.
  bool append(std::string_view word, const char* readable_end, std::vector<int32_t>& out);
  // Remembers the tokens of the word that the last append() asked for, if they are few enough.
  void store(std::span<const int32_t> ids);

 private:
  static constexpr size_t kEntries = 16'384;  // of a cache line each: a word with up to 7 tokens

  struct Key {
    uint64_t words[4] = {};  // the bytes, and their number in the last byte; no word is empty
    bool operator==(const Key&) const = default;
  };
  struct alignas(64) Entry {
    Key key;
    int32_t count = 0;
    int32_t ids[kMaxTokens] = {};
  };
  static_assert(sizeof(Entry) == 64);

  std::vector<Entry> entries_;
  Key asked_;
  size_t asked_at_ = kEntries;  // where asked_ belongs; kEntries: nowhere
};

}  // namespace weft
