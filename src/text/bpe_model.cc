#include "text/bpe_model.h"

#include <bit>

#include "base/utf8.h"
#include "text/bpe_merge.h"
#include "text/byte_level.h"

namespace weft {
namespace {

constexpr uint64_t kEmpty = ~uint64_t{0};

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

MergeTable::MergeTable(size_t expected) {
  size_t size = std::bit_ceil(std::max<size_t>(16, expected * 2));
  slots_.resize(size);
  shift_ = 64 - std::countr_zero(size);
}

size_t MergeTable::slot_of(uint64_t key) const {
  size_t slot = (key * 0x9E3779B97F4A7C15u) >> shift_;  // Fibonacci hashing: the high bits of a product are mixed best
  while (slots_[slot].key != key && slots_[slot].key != kEmpty) slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

void MergeTable::insert(int32_t left, int32_t right, Merge merge) {
  Slot& slot = slots_[slot_of(pair_key(left, right))];
  if (slot.key == kEmpty) slot = {pair_key(left, right), merge};
}

const MergeTable::Merge* MergeTable::find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[slot_of(pair_key(left, right))];
  return slot.key == kEmpty ? nullptr : &slot.merge;
}

BpeModel::BpeModel(const Vocabulary& vocabulary, const BpeOptions& options, size_t num_merges)
    : vocabulary_(vocabulary), options_(options), merges_(num_merges) {
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
    joined += right;
    int32_t left_id = vocabulary.find(left);
    int32_t right_id = vocabulary.find(right);
    int32_t joined_id = vocabulary.find(joined);
    if (left_id < 0 || right_id < 0 || joined_id < 0) {
      return make_error(ErrorCode::kCorruptFile, "merge {} (\"{}\" and \"{}\") is not two tokens that make a third",
                        rank, replace_invalid_utf8(left.substr(0, 64)), replace_invalid_utf8(right.substr(0, 64)));
    }
    auto order = static_cast<uint32_t>(options.rank_is_id ? static_cast<size_t>(joined_id) : rank);
    model->merges_.insert(left_id, right_id, {order, joined_id});
  }
  return model;
}

void BpeModel::encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const {
  if (options_.ignore_merges) {
    int32_t id = options_.byte_level ? vocabulary_.find(to_byte_level(word)) : vocabulary_.find(word);
    if (id >= 0) {
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
  merge_symbols(scratch, [this](const Symbol& left, const Symbol& right, MergeCandidate& candidate) {
    const MergeTable::Merge* merge = merges_.find(left.id, right.id);
    if (merge == nullptr) return false;
    candidate.rank = merge->rank;
    candidate.id = merge->id;
    return true;
  });
  for (const Symbol& symbol : scratch.symbols) {
    if (symbol.length == 0) continue;
    out.push_back(symbol.id);
    if (scratch.ends != nullptr) scratch.ends->push_back(symbol.begin + symbol.length);
  }
}

void BpeModel::cut_bytes(std::string_view word, MergeScratch& scratch) const {
  for (uint32_t i = 0; i < word.size(); ++i) {
    int32_t id = byte_ids_[static_cast<unsigned char>(word[i])];
    if (id < 0) id = options_.unknown_id;
    if (id >= 0) scratch.symbols.push_back({id, i, 1, 0, 0});
  }
}

void BpeModel::cut_characters(std::string_view word, MergeScratch& scratch) const {
  bool after_unknown = false;
  for (uint32_t i = 0; i < word.size();) {
    auto length = static_cast<uint32_t>(utf8_sequence_length(word.substr(i)));
    auto character = word.substr(i, length);
    int32_t id = vocabulary_.find(character);
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
