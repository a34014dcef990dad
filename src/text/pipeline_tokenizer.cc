#include "text/pipeline_tokenizer.h"

#include <simdjson.h>

#include "base/check.h"
#include "base/utf8.h"

namespace weft {
namespace {

constexpr size_t kParallelBytes = 64 << 10;  // of a chunk: some milliseconds

}  // namespace

PipelineTokenizer::PipelineTokenizer(TokenizerParts parts) : parts_(std::move(parts)), encoders_(*parts_.model) {
  if (parts_.pre_tokenizer.size() == 1) known_split_ = parts_.pre_tokenizer.front()->known_split();
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

// Added tokens and text between them, in order: `on_token(id)`, `on_text(normalised text, whether it begins the
// input)`.
template <class OnToken, class OnText>
void PipelineTokenizer::for_each_part(std::string_view text, bool match_special, OnToken on_token,
                                      OnText on_text) const {
  std::vector<TextFragment> fragments, inner;
  original_finder_.split(text, match_special, fragments);
  std::string buffer;
  for (const TextFragment& fragment : fragments) {
    if (fragment.id >= 0) {
      on_token(fragment.id);
      continue;
    }
    std::string_view normalized = fragment.text;
    if (changes(parts_.normalizer, normalized)) {
      buffer = normalize(parts_.normalizer, normalized);
      normalized = buffer;
    }
    inner.clear();
    normalized_finder_.split(normalized, match_special, inner);
    for (const TextFragment& part : inner) {
      if (part.id >= 0) {
        on_token(part.id);
      } else {
        on_text(part.text, fragment.text.data() == text.data() && part.text.data() == normalized.data());
      }
    }
  }
}

std::vector<int32_t> PipelineTokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return encode_parallel(text, options, nullptr);
}

std::vector<int32_t> PipelineTokenizer::encode_parallel(std::string_view text, const EncodeOptions& options,
                                                        const ParallelFor& parallel_for) const {
  std::string valid;
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    valid = replace_invalid_utf8(text);
    text = valid;
  }
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3 + 8);
  if (options.add_special_tokens) ids = parts_.prefix_ids;
  WordEncoderPool::Lease encoder(encoders_);
  for_each_part(
      text, options.parse_special_tokens, [&](int32_t id) { ids.push_back(id); },
      [&](std::string_view part, bool at_start) {
        if (known_split_ == nullptr) {
          encode_by_steps(part, at_start, *encoder, ids);
        } else if (parallel_for == nullptr || part.size() < 2 * kParallelBytes) {
          encoder->encode_words(part, 0, part.size(), known_split_, ids);
        } else {
          encode_chunks(part, parallel_for, ids);
        }
      });
  if (options.add_special_tokens) ids.insert(ids.end(), parts_.suffix_ids.begin(), parts_.suffix_ids.end());
  return ids;
}

void PipelineTokenizer::encode_by_steps(std::string_view text, bool at_start, WordEncoder& encoder,
                                        std::vector<int32_t>& ids) const {
  SplitText split{std::string(text), {{0, text.size()}}, at_start};
  for (const auto& step : parts_.pre_tokenizer) step->apply(split);
  const char* end = split.text.data() + split.text.size();
  for (TextSpan word : split.words) encoder.encode(word.of(split.text), end, ids);
}

// A cut lies where a word surely begins (see safe_cut()), and the splitter of a chunk sees all of the text, so the
// words are those of the text in one piece.
void PipelineTokenizer::encode_chunks(std::string_view text, const ParallelFor& parallel_for,
                                      std::vector<int32_t>& ids) const {
  std::vector<size_t> cuts = {0};
  while (text.size() - cuts.back() >= 2 * kParallelBytes) {
    size_t cut = safe_cut(text, cuts.back() + kParallelBytes);
    if (cut == text.size()) break;
    cuts.push_back(cut);
  }
  cuts.push_back(text.size());
  std::vector<std::vector<int32_t>> chunks(cuts.size() - 1);
  parallel_for(chunks.size(), [&](size_t i) {
    WordEncoderPool::Lease encoder(encoders_);
    chunks[i].reserve((cuts[i + 1] - cuts[i]) / 3);
    size_t end = encoder->encode_words(text, cuts[i], cuts[i + 1], known_split_, chunks[i]);
    CHECK(end == cuts[i + 1]);
  });
  for (const auto& chunk : chunks) ids.insert(ids.end(), chunk.begin(), chunk.end());
}

bool PipelineTokenizer::is_special(int32_t id) const {
  return id >= 0 && id < vocab_size() && special_[static_cast<size_t>(id)];
}

std::optional<int32_t> PipelineTokenizer::find_token(std::string_view text) const {
  int32_t id = parts_.vocabulary->find(text);
  return id < 0 ? std::nullopt : std::optional(id);
}

}  // namespace weft
