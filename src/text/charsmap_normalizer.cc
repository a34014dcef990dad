// The normalizer steps that apply SentencePiece's rules.
#include <utf8proc.h>

#include "base/utf8.h"
#include "text/byte_trie.h"
#include "text/normalizer.h"

namespace weft {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581

class PrecompiledStep : public NormalizerStep {
 public:
  explicit PrecompiledStep(Charsmap charsmap) : charsmap_(std::move(charsmap)) {}

  void apply(std::string& text) const override {
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (size_t begin = 0; begin < text.size();) {
      size_t end = cluster_end(text, begin);
      add_cluster(std::string_view(text).substr(begin, end - begin), out);
      begin = end;
    }
    text = std::move(out);
  }

 private:
  static constexpr size_t kWholeClusterBytes = 6;  // from here on the characters are looked up one by one

  // Where the grapheme cluster (UAX #29) at `begin` ends.
  static size_t cluster_end(std::string_view text, size_t begin) {
    size_t pos = begin;
    auto previous = static_cast<utf8proc_int32_t>(decode_utf8(text, pos));
    utf8proc_int32_t state = 0;
    while (pos < text.size()) {
      size_t after = pos;
      auto next = static_cast<utf8proc_int32_t>(decode_utf8(text, after));
      if (utf8proc_grapheme_break_stateful(previous, next, &state)) break;
      previous = next;
      pos = after;
    }
    return pos;
  }

  // Hugging Face takes the shortest rule that a cluster begins with for the whole of it.
  void add_cluster(std::string_view cluster, std::string& out) const {
    if (cluster.size() < kWholeClusterBytes) {
      if (auto match = charsmap_.shortest(cluster); match.length > 0) {
        out += match.replacement;
        return;
      }
    }
    for (size_t pos = 0; pos < cluster.size();) {
      size_t length = utf8_sequence_length(cluster.substr(pos));
      std::string_view character = cluster.substr(pos, length);
      auto match = charsmap_.shortest(character);
      out += match.length > 0 ? match.replacement : character;
      pos += length;
    }
  }

  Charsmap charsmap_;
};

class SentencePieceStep : public NormalizerStep {
 public:
  explicit SentencePieceStep(SentencePieceNormalization options) : options_(std::move(options)) {
    std::vector<ByteTrie::Key> kept;
    for (const std::string& text : options_.kept_texts) kept.push_back({text, 0});
    kept_ = ByteTrie(std::move(kept));
  }

  void apply(std::string& text) const override {
    std::string_view rest = text;
    if (options_.remove_extra_whitespaces) skip_spaces(rest);
    if (rest.empty()) return text.clear();
    std::string_view space = options_.escape_whitespaces ? kMark : " ";
    std::string out;
    out.reserve(text.size() + text.size() / 4 + 8);
    if (options_.add_dummy_prefix && !options_.suffix_whitespace) out += space;
    bool after_space = options_.remove_extra_whitespaces;
    while (!rest.empty()) {
      auto [length, piece] = next(rest);
      while (after_space && piece.starts_with(' ')) piece.remove_prefix(1);
      for (char c : piece) {
        if (c == ' ') {
          out += space;
        } else {
          out += c;
        }
      }
      if (!piece.empty()) after_space = options_.remove_extra_whitespaces && piece.ends_with(' ');
      rest.remove_prefix(length);
    }
    if (options_.remove_extra_whitespaces) {
      while (out.ends_with(space)) out.resize(out.size() - space.size());
    }
    if (options_.add_dummy_prefix && options_.suffix_whitespace) out += space;
    text = std::move(out);
  }

 private:
  struct Piece {
    size_t length;  // what is read
    std::string_view text;
  };

  Piece next(std::string_view rest) const {
    if (size_t length = kept_.longest_prefix(rest); length > 0) return {length, rest.substr(0, length)};
    if (options_.charsmap) {
      if (auto match = options_.charsmap->longest(rest); match.length > 0) return {match.length, match.replacement};
    }
    size_t length = utf8_sequence_length(rest);
    return {length, rest.substr(0, length)};
  }

  void skip_spaces(std::string_view& rest) const {
    while (!rest.empty()) {
      auto [length, piece] = next(rest);
      if (piece != " ") break;
      rest.remove_prefix(length);
    }
  }

  SentencePieceNormalization options_;
  ByteTrie kept_;
};

}  // namespace

std::unique_ptr<NormalizerStep> precompiled_step(Charsmap charsmap) {
  return std::make_unique<PrecompiledStep>(std::move(charsmap));
}
std::unique_ptr<NormalizerStep> sentence_piece_step(SentencePieceNormalization options) {
  return std::make_unique<SentencePieceStep>(std::move(options));
}

}  // namespace weft
