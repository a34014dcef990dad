#include "text/charsmap.h"

#include "base/byte_reader.h"
#include "base/utf8.h"

namespace weft {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// A unit of the double array: label in bits 0-7 (bit 31 marks a value), a leaf flag in bit 8, the offset in bits 10-30,
// shifted by 8 where bit 9 is set.
constexpr uint32_t label_of(uint32_t unit) { return unit & (0x80000000u | 0xFF); }
constexpr bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
constexpr uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }
constexpr uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }

}  // namespace

Result<Charsmap> Charsmap::parse(std::string_view blob) {
  ByteReader reader(std::as_bytes(std::span(blob)));
  TRY_ASSIGN(auto trie_bytes, reader.read<uint32_t>());
  TRY_ASSIGN(auto trie, reader.take(trie_bytes));
  if (trie_bytes % 4 != 0 || trie_bytes == 0) {
    return make_error(ErrorCode::kCorruptFile, "the trie of the charsmap has {} bytes, not a multiple of 4",
                      trie_bytes);
  }
  TRY_ASSIGN(auto replacements, reader.take_text(reader.remaining()));
  if (!is_valid_utf8(replacements)) {
    return make_error(ErrorCode::kCorruptFile, "the replacements of the charsmap are not UTF-8");
  }
  Charsmap out;
  out.units_.resize(trie_bytes / 4);
  std::memcpy(out.units_.data(), trie.data(), trie_bytes);
  out.replacements_ = replacements;
  return out;
}

Charsmap::Match Charsmap::match(std::string_view text, bool first_only) const {
  Match found;
  uint32_t node = offset_of(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size()) break;
    uint32_t unit = units_[node];
    if (label_of(unit) != byte) break;
    node ^= offset_of(unit);
    if (node >= units_.size()) break;
    if (!has_leaf(unit)) continue;
    uint32_t begin = value_of(units_[node]);
    if (begin >= replacements_.size() || continues_character(replacements_[begin])) break;
    if (i + 1 < text.size() && continues_character(text[i + 1])) continue;  // a damaged rule: it ends in a character
    std::string_view rest = std::string_view(replacements_).substr(begin);
    found = {i + 1, rest.substr(0, rest.find('\0'))};
    if (first_only) break;
  }
  return found;
}

}  // namespace weft
