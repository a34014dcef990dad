#include "text/bpe_model.h"

#include <bit>

#include "base/utf8.h"
#include "text/bpe_merge.h"
#include "text/byte_level.h"

namespace weft {
namespace {

// Up to so many symbols a scan of all pairs for the lowest rank beats a heap.
constexpr size_t kFewSymbols = 40;

}  // namespace

BpeModel::BpeModel(const Vocabulary& vocabulary, const BpeOptions& options, size_t num_merges)
    : vocabulary_(vocabulary), options_(options), merges_(num_merges, options.rank_is_id) {
  for (size_t byte = 0; byte < 256; ++byte) {
    std::string form =
        options.byte_level ? to_byte_level(std::string(1, static_cast<char>(byte))) : fmt::format("<0x{:02X}>", byte);
    byte_ids_[byte] = vocabulary.find(form);
  }
}

Result<MergeRule> parse_merge(const Vocabulary& vocabulary, std::string_view text) {
  for (size_t space = text.find(' ', 1); space != std::string_view::npos; space = text.find(' ', space + 1)) {
    MergeRule rule{text.substr(0, space), text.substr(space + 1)};
    if (text.find(' ', space + 1) == std::string_view::npos) return rule;  // the last choice: create() judges it
    if (vocabulary.find(rule.left) >= 0 && vocabulary.find(rule.right) >= 0 &&
        vocabulary.find(fmt::format("{}{}", rule.left, rule.right)) >= 0) {
      return rule;
    }
  }
  return make_error(ErrorCode::kCorruptFile, "the merge \"{}\" is not two tokens",
                    replace_invalid_utf8(text.substr(0, 64)));
}

Result<std::unique_ptr<BpeModel>> BpeModel::create(const Vocabulary& vocabulary, std::span<const MergeRule> merges,
                                                   const BpeOptions& options) {
  std::unique_ptr<BpeModel> model(new BpeModel(vocabulary, options, merges.size()));
  std::string joined;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    auto [left, right] = merges[rank];
    joined.assign(left);
    joined += right.substr(right.starts_with(options.inner_prefix) ? options.inner_prefix.size() : 0);
    int32_t left_id = vocabulary.find(left);
    int32_t right_id = vocabulary.find(right);
    int32_t joined_id = vocabulary.find(joined);
    if (left_id < 0 || right_id < 0 || joined_id < 0) {
      return make_error(ErrorCode::kCorruptFile, "merge {} (\"{}\" and \"{}\") is not two tokens that make a third",
                        rank, replace_invalid_utf8(left.substr(0, 64)), replace_invalid_utf8(right.substr(0, 64)));
    }
    model->merges_.add(left_id, right_id, joined_id);
  }
  return model;
}

int32_t BpeModel::whole_word(std::string_view word, MergeScratch& scratch) const {
  if (word.size() > vocabulary_.longest()) return Vocabulary::kNone;
  if (!options_.byte_level) return vocabulary_.find(word);
  scratch.form.clear();
  append_byte_level(scratch.form, word);
  return vocabulary_.find(scratch.form);
}

void BpeModel::encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const {
  if (options_.ignore_merges) {
    if (int32_t id = whole_word(word, scratch); id >= 0) {
      out.push_back(id);
      if (scratch.ends != nullptr) scratch.ends->push_back(static_cast<uint32_t>(word.size()));
      return;
    }
  }
  scratch.symbols.clear();
  if (options_.byte_level) {
    cut_bytes(word, scratch);
  } else {
    cut_characters(word, scratch);
  }
  if (scratch.symbols.size() <= kFewSymbols) {
    merge_few(scratch);
  } else {
    merge_many(scratch);
  }
  for (const Symbol& symbol : scratch.symbols) {
    if (symbol.length == 0) continue;
    out.push_back(symbol.id);
    if (scratch.ends != nullptr) scratch.ends->push_back(symbol.begin + symbol.length);
  }
}

// The same merges as merge_many(), in the same order: the lowest rank first, the leftmost of equals.
void BpeModel::merge_few(MergeScratch& scratch) const {
  auto& symbols = scratch.symbols;
  uint32_t ranks[kFewSymbols];  // of each symbol with the next one
  size_t count = symbols.size();
  for (size_t i = 0; i + 1 < count; ++i) ranks[i] = merges_.rank(symbols[i].id, symbols[i + 1].id);
  scratch.steps += count;
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) best = ranks[i] < ranks[best] ? i : best;
    scratch.steps += count;
    if (ranks[best] == MergeTable::kNever) break;
    symbols[best].id = merges_.joined(ranks[best]);
    symbols[best].length += symbols[best + 1].length;
    --count;
    for (size_t i = best + 1; i < count; ++i) {
      symbols[i] = symbols[i + 1];
      ranks[i - 1] = ranks[i];
    }
    if (best + 1 < count) ranks[best] = merges_.rank(symbols[best].id, symbols[best + 1].id);
    if (best > 0) ranks[best - 1] = merges_.rank(symbols[best - 1].id, symbols[best].id);
  }
  symbols.resize(count);
}

void BpeModel::merge_many(MergeScratch& scratch) const {
  merge_symbols(scratch, [this](const Symbol& left, const Symbol& right, MergeCandidate& candidate) {
    candidate.rank = merges_.rank(left.id, right.id);
    if (candidate.rank == MergeTable::kNever) return false;
    candidate.id = merges_.joined(candidate.rank);
    return true;
  });
}

void BpeModel::cut_bytes(std::string_view word, MergeScratch& scratch) const {
  for (uint32_t i = 0; i < word.size(); ++i) {
    int32_t id = byte_ids_[static_cast<unsigned char>(word[i])];
    if (id < 0) id = options_.unknown_id;
    if (id >= 0) scratch.symbols.push_back({id, i, 1, 0, 0});
  }
}

int32_t BpeModel::find_character(std::string_view character, bool first, bool last) const {
  bool prefix = !first && !options_.inner_prefix.empty();
  bool suffix = last && !options_.end_suffix.empty();
  if (!prefix && !suffix) return vocabulary_.find(character);
  std::string form(prefix ? options_.inner_prefix : "");
  form += character;
  if (suffix) form += options_.end_suffix;
  return vocabulary_.find(form);
}

void BpeModel::cut_characters(std::string_view word, MergeScratch& scratch) const {
  bool after_unknown = false;
  for (uint32_t i = 0; i < word.size();) {
    auto length = static_cast<uint32_t>(utf8_sequence_length(word.substr(i)));
    auto character = word.substr(i, length);
    int32_t id = find_character(character, i == 0, i + length == word.size());
    bool unknown = false;
    if (id >= 0) {
      scratch.symbols.push_back({id, i, length, 0, 0});
    } else if (options_.byte_fallback && std::all_of(character.begin(), character.end(), [this](char byte) {
                 return byte_ids_[static_cast<unsigned char>(byte)] >= 0;
               })) {
      for (uint32_t b = 0; b < length; ++b) {
        scratch.symbols.push_back({byte_ids_[static_cast<unsigned char>(character[b])], i + b, 1, 0, 0});
      }
    } else if (options_.unknown_id >= 0) {
      unknown = true;
      if (after_unknown && options_.fuse_unknown) {
        scratch.symbols.back().length += length;
      } else {
        scratch.symbols.push_back({options_.unknown_id, i, length, 0, 0});
      }
    }
    after_unknown = unknown;
    i += length;
  }
}

}  // namespace weft
