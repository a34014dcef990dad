#include "text/pipeline_tokenizer.h"

#include <unordered_map>

#include "base/check.h"
#include "base/utf8.h"

namespace weft {
namespace {

constexpr size_t kCachedWords = 16'384;  // of one call of encode()
constexpr size_t kCachedWordBytes = 64;  // longer words hardly repeat

}  // namespace

// The state of one call of encode().
class PipelineTokenizer::Encoder {
 public:
  explicit Encoder(const TokenizerParts& parts, std::vector<int32_t>& out) : parts_(parts), out_(out) {}

  // Text without added tokens, already normalised.
  void encode_text(std::string_view text, bool at_start) {
    SplitText split{std::string(text), {{0, text.size()}}, at_start};
    for (const auto& step : parts_.pre_tokenizer) step->apply(split);
    for (TextSpan word : split.words) encode_word(word.of(split.text));
  }

 private:
  struct CachedIds {
    size_t begin, count;  // in cached_ids_
  };

  void encode_word(std::string_view word) {
    if (word.size() > kCachedWordBytes) return parts_.model->encode_word(word, scratch_, out_);
    if (auto at = cache_.find(std::string(word)); at != cache_.end()) {
      auto first = cached_ids_.begin() + static_cast<ptrdiff_t>(at->second.begin);
      out_.insert(out_.end(), first, first + static_cast<ptrdiff_t>(at->second.count));
      return;
    }
    size_t before = out_.size();
    parts_.model->encode_word(word, scratch_, out_);
    if (cache_.size() == kCachedWords) return;
    cache_.emplace(word, CachedIds{cached_ids_.size(), out_.size() - before});
    cached_ids_.insert(cached_ids_.end(), out_.begin() + static_cast<ptrdiff_t>(before), out_.end());
  }

  const TokenizerParts& parts_;
  std::vector<int32_t>& out_;
  MergeScratch scratch_;
  std::unordered_map<std::string, CachedIds> cache_;
  std::vector<int32_t> cached_ids_;
};

PipelineTokenizer::PipelineTokenizer(TokenizerParts parts) : parts_(std::move(parts)) {
  index_added_tokens();
  texts_ = TokenTexts(*parts_.vocabulary, parts_.added_tokens, parts_.decoder);
}

void PipelineTokenizer::index_added_tokens() {
  std::vector<AddedToken> original, normalized;
  special_.resize(static_cast<size_t>(vocab_size()));
  for (const AddedToken& token : parts_.added_tokens) {
    special_[static_cast<size_t>(token.id)] = token.special;
    if (!token.normalized) {
      original.push_back(token);
      continue;
    }
    normalized.push_back(token);
    normalized.back().text = normalize(parts_.normalizer, token.text);
  }
  original_finder_ = AddedTokenFinder(std::move(original));
  normalized_finder_ = AddedTokenFinder(std::move(normalized));
}

std::vector<int32_t> PipelineTokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  std::string valid;
  if (!is_valid_utf8(text)) {
    valid = replace_invalid_utf8(text);
    text = valid;
  }
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3 + 8);
  if (options.add_special_tokens) ids = parts_.prefix_ids;
  Encoder encoder(parts_, ids);
  std::vector<TextFragment> fragments, inner;
  original_finder_.split(text, options.parse_special_tokens, fragments);
  for (const TextFragment& fragment : fragments) {
    if (fragment.id >= 0) {
      ids.push_back(fragment.id);
      continue;
    }
    std::string normalized = normalize(parts_.normalizer, fragment.text);
    inner.clear();
    normalized_finder_.split(normalized, options.parse_special_tokens, inner);
    for (const TextFragment& part : inner) {
      bool at_start = fragment.text.data() == text.data() && part.text.data() == normalized.data();
      if (part.id >= 0) {
        ids.push_back(part.id);
      } else {
        encoder.encode_text(part.text, at_start);
      }
    }
  }
  if (options.add_special_tokens) ids.insert(ids.end(), parts_.suffix_ids.begin(), parts_.suffix_ids.end());
  return ids;
}

bool PipelineTokenizer::is_special(int32_t id) const {
  return id >= 0 && id < vocab_size() && special_[static_cast<size_t>(id)];
}

std::optional<int32_t> PipelineTokenizer::find_token(std::string_view text) const {
  int32_t id = parts_.vocabulary->find(text);
  return id < 0 ? std::nullopt : std::optional(id);
}

}  // namespace weft
