// The vocabulary as masks need it: the trie of all text tokens, and the slices of strings that all grammars share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/slice_cache.h"
#include "grammar/token_trie.h"
#include "grammar/vocabulary.h"

namespace weft {

class TokenVocabulary final : public GrammarVocabulary {
 public:
  // `texts`: by token; empty for tokens that are never part of a text.
  // `named`: the spelling of those, for grammars that name them.
  TokenVocabulary(std::vector<std::string> texts, std::vector<TokenId> end_ids,
                  std::unordered_map<std::string, TokenId> named = {});

  int32_t size() const override { return static_cast<int32_t>(texts_.size()); }
  const TokenTrie& trie() const { return trie_; }
  std::string_view text(TokenId token) const { return texts_[static_cast<size_t>(token)]; }
  std::span<const TokenId> end_ids() const { return end_ids_; }
  bool is_end(TokenId token) const;
  std::optional<TokenId> find_named(std::string_view spelling) const;
  SliceCache& slices() const { return *slices_; }

 private:
  std::vector<std::string> texts_;
  std::vector<TokenId> end_ids_;
  std::unordered_map<std::string, TokenId> named_;
  TokenTrie trie_;
  std::unique_ptr<SliceCache> slices_;  // safe for many threads
};

}  // namespace weft
