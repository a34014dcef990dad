// A vocabulary of the 256 bytes and an end token: for looking at a grammar without a model.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace weft {

class ByteTokenizer final : public Tokenizer {
 public:
  static constexpr int32_t kEnd = 256;  // special

  ByteTokenizer();

  int32_t vocab_size() const override { return kEnd + 1; }
  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const override;
  std::vector<TokenSpan> encode_with_offsets(std::string_view text, const EncodeOptions& options) const override;
  std::string_view token_bytes(int32_t id) const override;
  bool is_special(int32_t id) const override { return id == kEnd; }
  std::optional<int32_t> bos_id() const override { return std::nullopt; }
  std::optional<int32_t> eos_id() const override { return kEnd; }
  std::optional<int32_t> find_token(std::string_view text) const override;

 private:
  std::string bytes_;
};

}  // namespace weft
