// What tokens do inside one string or text, whatever stands around it: computed once and kept, within a bound.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "grammar/token_trie.h"

namespace weft {

// A set of tokens: a list of few, or a bit for each of the vocabulary.
struct TokenSet {
  std::vector<uint32_t> bits;
  std::vector<TokenId> list;

  void add_to(std::span<uint32_t> mask) const;
  size_t memory_bytes() const { return bits.capacity() * sizeof(uint32_t) + list.capacity() * sizeof(TokenId); }
};

struct Slice {
  TokenSet inside;  // tokens that end inside the string or text, or with its last byte
  struct Exit {
    int32_t label;   // of the automaton's state where it ended
    TokenTrie rest;  // what is left of the tokens that end it, by the bytes after the end
  };
  std::vector<Exit> exits;
  // Tokens that end it in a way that only a walk of the whole token can judge (those of `exits` are not among them).
  TokenTrie to_walk;

  size_t memory_bytes() const;
};

// Keeps slices up to a number of bytes; the least recently used go first. Any thread.
class SliceCache {
 public:
  struct Key {
    uint64_t grammar = 0;  // 0: of all grammars
    int32_t automaton = 0, state = 0, escape = 0;
    int32_t mode = 0;
    int64_t min_chars = 0, max_chars = -1;
    std::array<uint64_t, 4> follow{};

    friend bool operator==(const Key&, const Key&) = default;
  };

  explicit SliceCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  uint64_t new_grammar();  // a number for Key::grammar
  std::shared_ptr<const Slice> find(const Key& key);
  void add(const Key& key, std::shared_ptr<const Slice> slice);
  size_t bytes() const;

 private:
  struct Hash {
    size_t operator()(const Key& key) const;
  };
  struct Entry {
    Key key;
    std::shared_ptr<const Slice> slice;
    size_t bytes;
  };

  const size_t max_bytes_;
  mutable std::mutex mutex_;
  size_t bytes_ = 0;
  uint64_t grammars_ = 0;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<Key, std::list<Entry>::iterator, Hash> index_;
};

}  // namespace weft
