#include "text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"

namespace weft {
namespace {

bool is_space(char32_t code) {
  if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
  if (code == 0x85) return true;
  auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

// \w of Unicode regular expressions (UTS #18): letters, marks, decimal digits, connectors, joiners.
bool is_word(char32_t code) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return code == 0x200C || code == 0x200D;
  }
}

// Where the character before `pos` begins; pos > 0.
size_t character_before(std::string_view text, size_t pos) {
  do {
    --pos;
  } while (pos > 0 && (static_cast<unsigned char>(text[pos]) & 0xC0) == 0x80);
  return pos;
}

bool ends_with_word(std::string_view text) {
  if (text.empty()) return false;
  size_t pos = character_before(text, text.size());
  return is_word(decode_utf8(text, pos));
}

bool starts_with_word(std::string_view text) {
  size_t pos = 0;
  return !text.empty() && is_word(decode_utf8(text, pos));
}

size_t skip_space_left(std::string_view text, size_t pos, size_t lowest) {
  while (pos > lowest) {
    size_t before = character_before(text, pos);
    size_t at = before;
    if (!is_space(decode_utf8(text, at))) break;
    pos = before;
  }
  return pos;
}

size_t skip_space_right(std::string_view text, size_t pos) {
  while (pos < text.size()) {
    size_t after = pos;
    if (!is_space(decode_utf8(text, after))) break;
    pos = after;
  }
  return pos;
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].text.empty()) continue;
    uint32_t node = 0;
    for (char c : tokens_[i].text) {
      uint64_t edge = static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(c);
      auto [at, fresh] = edges_.emplace(edge, static_cast<uint32_t>(ends_.size()));
      if (fresh) ends_.push_back(-1);
      node = at->second;
    }
    if (ends_[node] < 0) ends_[node] = static_cast<int32_t>(i);
    first_bytes_[static_cast<unsigned char>(tokens_[i].text[0])] = true;
  }
}

const AddedToken* AddedTokenFinder::longest_at(std::string_view text, size_t pos) const {
  const AddedToken* found = nullptr;
  uint32_t node = 0;
  for (size_t i = pos; i < text.size(); ++i) {
    auto at = edges_.find(static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(text[i]));
    if (at == edges_.end()) break;
    node = at->second;
    if (ends_[node] >= 0) found = &tokens_[static_cast<size_t>(ends_[node])];
  }
  return found;
}

void AddedTokenFinder::split(std::string_view text, bool match_special, std::vector<TextFragment>& out) const {
  size_t done = 0;  // everything before is in `out`
  for (size_t pos = 0; pos < text.size();) {
    const AddedToken* token = nullptr;
    if (first_bytes_[static_cast<unsigned char>(text[pos])]) token = longest_at(text, pos);
    if (token == nullptr) {
      ++pos;
      continue;
    }
    size_t begin = pos;
    size_t end = pos + token->text.size();
    pos = end;
    if (token->special && !match_special) continue;
    if (token->single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) continue;
    if (token->lstrip) begin = skip_space_left(text, begin, done);
    if (token->rstrip) end = skip_space_right(text, end);
    if (begin > done) out.push_back({text.substr(done, begin - done), -1});
    out.push_back({text.substr(begin, end - begin), token->id});
    done = pos = end;
  }
  if (done < text.size()) out.push_back({text.substr(done), -1});
}

}  // namespace weft
