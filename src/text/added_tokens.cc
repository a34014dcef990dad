#include "text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>
#include <map>

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
  // Built with maps, then laid flat: the children of a node lie together, in order of their bytes.
  std::vector<std::map<unsigned char, uint32_t>> children(1);
  std::vector<int32_t> ends(1, -1);
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].text.empty()) continue;
    uint32_t node = 0;
    for (char c : tokens_[i].text) {
      auto [at, fresh] = children[node].emplace(static_cast<unsigned char>(c), static_cast<uint32_t>(children.size()));
      node = at->second;
      if (!fresh) continue;
      children.emplace_back();
      ends.push_back(-1);
    }
    if (ends[node] < 0) ends[node] = static_cast<int32_t>(i);
  }
  nodes_.clear();
  for (size_t node = 0; node < children.size(); ++node) {
    nodes_.push_back({static_cast<uint32_t>(edges_.size()), ends[node]});
    for (auto [byte, child] : children[node]) edges_.push_back({byte, child});
  }
  nodes_.push_back({static_cast<uint32_t>(edges_.size()), -1});
  for (auto [byte, child] : children[0]) roots_[byte] = child;
  if (children[0].size() == 1) only_first_byte_ = children[0].begin()->first;
}

uint32_t AddedTokenFinder::child_of(uint32_t node, unsigned char byte) const {
  auto first = edges_.begin() + nodes_[node].first_edge;
  auto last = edges_.begin() + nodes_[node + 1].first_edge;
  auto at =
      std::lower_bound(first, last, byte, [](const Edge& edge, unsigned char wanted) { return edge.byte < wanted; });
  return at != last && at->byte == byte ? at->node : 0;
}

// The first place from `pos` on where a token's first byte is.
size_t AddedTokenFinder::find_first_byte(std::string_view text, size_t pos) const {
  if (only_first_byte_ >= 0) return std::min(text.find(static_cast<char>(only_first_byte_), pos), text.size());
  while (pos < text.size() && roots_[static_cast<unsigned char>(text[pos])] == 0) ++pos;
  return pos;
}

const AddedToken* AddedTokenFinder::longest_at(std::string_view text, size_t pos) const {
  const AddedToken* found = nullptr;
  uint32_t node = roots_[static_cast<unsigned char>(text[pos])];
  for (size_t i = pos + 1; node != 0; ++i) {
    if (nodes_[node].token >= 0) found = &tokens_[static_cast<size_t>(nodes_[node].token)];
    if (i == text.size()) break;
    node = child_of(node, static_cast<unsigned char>(text[i]));
  }
  return found;
}

void AddedTokenFinder::split(std::string_view text, bool match_special, std::vector<TextFragment>& out) const {
  size_t done = 0;  // everything before is in `out`
  if (edges_.empty()) {
    if (!text.empty()) out.push_back({text, -1});
    return;
  }
  for (size_t pos = find_first_byte(text, 0); pos < text.size(); pos = find_first_byte(text, pos)) {
    const AddedToken* token = longest_at(text, pos);
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
