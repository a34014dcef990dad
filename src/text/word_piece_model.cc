#include "text/word_piece_model.h"

#include <algorithm>

namespace weft {
namespace {

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool inside_character(std::string_view text, size_t pos) {
  return pos < text.size() && (static_cast<unsigned char>(text[pos]) & 0xC0) == 0x80;
}

}  // namespace

WordPieceModel::WordPieceModel(const Vocabulary& vocabulary, const WordPieceOptions& options)
    : max_characters_(options.max_characters), unknown_id_(options.unknown_id) {
  std::vector<ByteTrie::Key> begin, inside;
  const std::string& prefix = options.continuing_prefix;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    std::string_view form = vocabulary.form(id);
    begin.push_back({form, id});
    if (form.starts_with(prefix)) inside.push_back({form.substr(prefix.size()), id});
  }
  begin_ = ByteTrie(std::move(begin));
  inside_ = ByteTrie(std::move(inside));
}

void WordPieceModel::encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const {
  size_t before = out.size();
  size_t ends_before = scratch.ends == nullptr ? 0 : scratch.ends->size();
  bool known = count_characters(word) <= max_characters_;
  for (size_t pos = 0; known && pos < word.size();) {
    const ByteTrie& trie = pos == 0 ? begin_ : inside_;
    int32_t id = -1;
    size_t end = pos;
    uint32_t node = ByteTrie::kRoot;
    for (size_t i = pos; i < word.size(); ++i) {
      node = trie.child(node, static_cast<unsigned char>(word[i]));
      if (node == ByteTrie::kNone) break;
      if (trie.value(node) < 0 || inside_character(word, i + 1)) continue;
      id = trie.value(node);
      end = i + 1;
    }
    known = id >= 0;
    if (known) scratch.emit(id, end, out);
    pos = end;
  }
  if (known) return;
  out.resize(before);
  if (scratch.ends != nullptr) scratch.ends->resize(ends_before);
  if (unknown_id_ >= 0) scratch.emit(unknown_id_, word.size(), out);
}

void WordLevelModel::encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const {
  int32_t id = vocabulary_.find(word);
  if (id < 0) id = unknown_id_;
  if (id >= 0) scratch.emit(id, word.size(), out);
}

}  // namespace weft
