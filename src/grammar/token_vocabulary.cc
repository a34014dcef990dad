#include "grammar/token_vocabulary.h"

#include <algorithm>

namespace weft {

namespace {

constexpr size_t kSliceBytes = 64u << 20;  // of one vocabulary

}  // namespace

TokenVocabulary::TokenVocabulary(std::vector<std::string> texts, std::vector<TokenId> end_ids,
                                 std::unordered_map<std::string, TokenId> named)
    : texts_(std::move(texts)),
      end_ids_(std::move(end_ids)),
      named_(std::move(named)),
      slices_(std::make_unique<SliceCache>(kSliceBytes)) {
  std::sort(end_ids_.begin(), end_ids_.end());
  end_ids_.erase(std::unique(end_ids_.begin(), end_ids_.end()), end_ids_.end());
  std::erase_if(end_ids_, [&](TokenId id) { return id < 0 || id >= size(); });
  std::vector<TokenTrie::Entry> entries;
  entries.reserve(texts_.size());
  for (size_t i = 0; i < texts_.size(); ++i) {
    if (!texts_[i].empty()) entries.push_back({texts_[i], static_cast<TokenId>(i)});
  }
  trie_ = TokenTrie::build(std::move(entries));
}

bool TokenVocabulary::is_end(TokenId token) const {
  return std::binary_search(end_ids_.begin(), end_ids_.end(), token);
}

std::optional<TokenId> TokenVocabulary::find_named(std::string_view spelling) const {
  const auto found = named_.find(std::string(spelling));
  return found == named_.end() ? std::nullopt : std::optional(found->second);
}

std::shared_ptr<const GrammarVocabulary> GrammarVocabulary::build(const Tokenizer& tokenizer,
                                                                  std::vector<TokenId> end_ids) {
  std::vector<std::string> texts(static_cast<size_t>(tokenizer.vocab_size()));
  std::unordered_map<std::string, TokenId> named;
  for (size_t i = 0; i < texts.size(); ++i) {
    auto id = static_cast<TokenId>(i);
    bool end = std::find(end_ids.begin(), end_ids.end(), id) != end_ids.end();
    std::string text(tokenizer.token_bytes(id));
    if (!end && !tokenizer.is_special(id)) {
      texts[i] = std::move(text);
    } else {
      named.try_emplace(std::move(text), id);
    }
  }
  return std::make_shared<const TokenVocabulary>(std::move(texts), std::move(end_ids), std::move(named));
}

}  // namespace weft
