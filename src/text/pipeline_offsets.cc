// PipelineTokenizer::encode_with_offsets(): the steps of encode() with an alignment to the original text beside them.
#include "base/utf8.h"
#include "text/alignment.h"
#include "text/pipeline_tokenizer.h"

namespace weft {
namespace {

struct AlignedText {
  std::string text;
  Alignment origin;
};

// How many bytes at the head of `text` are replaced by one U+FFFD: the longest beginning of a character, at least 1.
size_t ill_formed_length(std::string_view text) {
  for (size_t n = std::min<size_t>(3, text.size()); n > 1; --n) {
    if (utf8_incomplete_suffix(text.substr(0, n)) == n) return n;
  }
  return 1;
}

AlignedText replace_invalid(std::string_view text) {
  AlignedText out;
  out.text.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    size_t length = utf8_sequence_length(text.substr(pos));
    bool valid = length > 0;
    if (!valid) length = ill_formed_length(text.substr(pos));
    std::string_view written = valid ? text.substr(pos, length) : "\xEF\xBF\xBD";
    out.text += written;
    out.origin.insert(out.origin.end(), written.size(), {pos, pos + length});
    pos += length;
  }
  return out;
}

Alignment part_of(const Alignment& origin, size_t begin, size_t length) {
  auto first = origin.begin() + static_cast<ptrdiff_t>(begin);
  return {first, first + static_cast<ptrdiff_t>(length)};
}

}  // namespace

class PipelineTokenizer::OffsetEncoder {
 public:
  OffsetEncoder(const PipelineTokenizer& tokenizer, std::vector<TokenSpan>& out)
      : tokenizer_(tokenizer), parts_(tokenizer.parts_), out_(out) {}

  void run(std::string_view text, bool match_special) {
    AlignedText valid = replace_invalid(text);
    std::vector<TextFragment> fragments;
    tokenizer_.original_finder_.split(valid.text, match_special, fragments);
    for (const TextFragment& fragment : fragments) {
      auto begin = static_cast<size_t>(fragment.text.data() - valid.text.data());
      Alignment origin = part_of(valid.origin, begin, fragment.text.size());
      if (fragment.id >= 0) {
        add(fragment.id, origin, {0, origin.size()});
      } else {
        encode_fragment(fragment.text, origin, begin == 0, match_special);
      }
    }
  }

 private:
  void encode_fragment(std::string_view text, const Alignment& origin, bool at_start, bool match_special) {
    std::string normalized(text);
    Alignment aligned = origin;
    for (const auto& step : parts_.normalizer) {
      std::string before = normalized;
      step->apply(normalized);
      if (normalized != before) aligned = align_rewriting(before, aligned, normalized);
    }
    std::vector<TextFragment> inner;
    tokenizer_.normalized_finder_.split(normalized, match_special, inner);
    for (const TextFragment& part : inner) {
      auto begin = static_cast<size_t>(part.text.data() - normalized.data());
      Alignment part_origin = part_of(aligned, begin, part.text.size());
      if (part.id >= 0) {
        add(part.id, part_origin, {0, part_origin.size()});
      } else {
        encode_text(part.text, part_origin, at_start && begin == 0);
      }
    }
  }

  void encode_text(std::string_view text, Alignment& origin, bool at_start) {
    SplitText split{std::string(text), {{0, text.size()}}, at_start, &origin};
    for (const auto& step : parts_.pre_tokenizer) step->apply(split);
    std::vector<int32_t> ids;
    std::vector<uint32_t> ends;
    scratch_.ends = &ends;
    for (TextSpan word : split.words) {
      ids.clear();
      ends.clear();
      parts_.model->encode_word(word.of(split.text), scratch_, ids);
      CHECK(ids.size() == ends.size());
      size_t begin = word.begin;
      for (size_t i = 0; i < ids.size(); ++i) {
        size_t end = word.begin + ends[i];
        add(ids[i], origin, {begin, end});
        begin = end;
      }
    }
  }

  void add(int32_t id, const Alignment& origin, TextSpan span) {
    if (span.empty()) return out_.push_back({id, 0, 0});
    TokenSpan token{id, origin[span.begin].begin, origin[span.end - 1].end};
    if (parts_.trims_offsets) trim(token);
    out_.push_back(token);
  }

  void trim(TokenSpan& token) const {
    std::string_view bytes = tokenizer_.token_bytes(token.id);
    size_t leading = std::min(bytes.find_first_not_of(' '), bytes.size());
    size_t trailing = bytes.size() - (bytes.find_last_not_of(' ') + 1);
    token.begin = std::min(token.begin + leading, token.end);
    if (token.end >= trailing) token.end = std::max(token.end - trailing, token.begin);
  }

  const PipelineTokenizer& tokenizer_;
  const TokenizerParts& parts_;
  std::vector<TokenSpan>& out_;
  MergeScratch scratch_;
};

std::vector<TokenSpan> PipelineTokenizer::encode_with_offsets(std::string_view text,
                                                              const EncodeOptions& options) const {
  std::vector<TokenSpan> out;
  if (options.add_special_tokens) {
    for (int32_t id : parts_.prefix_ids) out.push_back({id, 0, 0});
  }
  OffsetEncoder(*this, out).run(text, options.parse_special_tokens);
  if (options.add_special_tokens) {
    for (int32_t id : parts_.suffix_ids) out.push_back({id, 0, 0});
  }
  return out;
}

}  // namespace weft
