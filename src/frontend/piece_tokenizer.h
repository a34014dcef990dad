// A tokenizer over a given list of pieces, so that tests of the frontend choose the bytes of every token. Included by
// tests only.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace weft {

class PieceTokenizer final : public Tokenizer {
 public:
  // The last `num_special` pieces are special tokens, the very last one ends a sequence.
  explicit PieceTokenizer(std::vector<std::string> pieces, int32_t num_special = 1)
      : pieces_(std::move(pieces)), num_special_(num_special) {}

  int32_t vocab_size() const override { return static_cast<int32_t>(pieces_.size()); }
  // The longest piece first; bytes that no piece covers become token 0.
  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options) const override {
    std::vector<int32_t> ids;
    if (options.add_special_tokens) ids.push_back(vocab_size() - 1);
    while (!text.empty()) {
      int32_t best = 0;
      size_t length = 0;
      for (int32_t id = 0; id < vocab_size(); ++id) {
        std::string_view piece = token_bytes(id);
        if (piece.size() <= length || !text.starts_with(piece)) continue;
        best = id;
        length = piece.size();
      }
      ids.push_back(best);
      text.remove_prefix(length == 0 ? 1 : length);
    }
    return ids;
  }
  std::vector<TokenSpan> encode_with_offsets(std::string_view text, const EncodeOptions& options) const override {
    std::vector<TokenSpan> spans;
    size_t at = 0;
    for (int32_t id : encode(text, {.add_special_tokens = false})) {
      spans.push_back({id, at, at + std::max<size_t>(1, token_bytes(id).size())});
      at = spans.back().end;
    }
    if (options.add_special_tokens) spans.insert(spans.begin(), {vocab_size() - 1, 0, 0});
    return spans;
  }
  std::string_view token_bytes(int32_t id) const override {
    return id >= 0 && id < vocab_size() ? std::string_view(pieces_[static_cast<size_t>(id)]) : std::string_view();
  }
  bool is_special(int32_t id) const override { return id >= vocab_size() - num_special_ && id < vocab_size(); }
  std::optional<int32_t> bos_id() const override { return vocab_size() - 1; }
  std::optional<int32_t> eos_id() const override { return vocab_size() - 1; }
  std::optional<int32_t> find_token(std::string_view text) const override {
    for (int32_t id = 0; id < vocab_size(); ++id) {
      if (token_bytes(id) == text) return id;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::string> pieces_;
  int32_t num_special_;
};

}  // namespace weft
