#include "grammar/byte_tokenizer.h"

namespace weft {
namespace {

constexpr std::string_view kEndText = "<|end|>";

}  // namespace

ByteTokenizer::ByteTokenizer() {
  for (int byte = 0; byte < kEnd; ++byte) bytes_ += static_cast<char>(byte);
}

std::vector<int32_t> ByteTokenizer::encode(std::string_view text, const EncodeOptions&) const {
  std::vector<int32_t> ids;
  ids.reserve(text.size());
  for (char c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

std::vector<TokenSpan> ByteTokenizer::encode_with_offsets(std::string_view text, const EncodeOptions&) const {
  auto continues = [&](size_t at) { return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
  std::vector<TokenSpan> spans;
  spans.reserve(text.size());
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    for (end = begin + 1; continues(end);) ++end;
    for (size_t at = begin; at < end; ++at) spans.push_back({static_cast<unsigned char>(text[at]), begin, end});
  }
  return spans;
}

std::string_view ByteTokenizer::token_bytes(int32_t id) const {
  if (id == kEnd) return kEndText;
  if (id < 0 || id > kEnd) return {};
  return std::string_view(bytes_).substr(static_cast<size_t>(id), 1);
}

std::optional<int32_t> ByteTokenizer::find_token(std::string_view text) const {
  if (text == kEndText) return kEnd;
  if (text.size() != 1) return std::nullopt;
  return static_cast<unsigned char>(text.front());
}

}  // namespace weft
