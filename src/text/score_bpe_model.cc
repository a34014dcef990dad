#include "text/score_bpe_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/utf8.h"
#include "text/bpe_merge.h"

namespace weft {
namespace {

constexpr uint32_t kNeverMerged = 0xFFFFFFFF;

}  // namespace

ScoreBpeModel::ScoreBpeModel(const Vocabulary& vocabulary, std::span<const double> scores,
                             const std::vector<bool>& mergeable, int32_t unknown_id)
    : vocabulary_(vocabulary), ranks_(scores.size(), kNeverMerged), unknown_id_(unknown_id), longest_(0) {
  std::vector<double> order(scores.begin(), scores.end());
  std::sort(order.begin(), order.end(), std::greater<>());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  for (size_t id = 0; id < scores.size(); ++id) {
    if (!mergeable[id]) continue;
    auto at = std::lower_bound(order.begin(), order.end(), scores[id], std::greater<>());
    ranks_[id] = static_cast<uint32_t>(at - order.begin());
    longest_ = std::max(longest_, vocabulary.form(static_cast<int32_t>(id)).size());
  }
  for (size_t byte = 0; byte < 256; ++byte) byte_ids_[byte] = vocabulary.find(fmt::format("<0x{:02X}>", byte));
}

int32_t ScoreBpeModel::find(std::string_view text) const {
  if (text.size() > longest_) return Vocabulary::kNone;
  int32_t id = vocabulary_.find(text);
  return id >= 0 && ranks_[static_cast<size_t>(id)] != kNeverMerged ? id : Vocabulary::kNone;
}

void ScoreBpeModel::encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const {
  scratch.symbols.clear();
  for (uint32_t i = 0; i < word.size();) {
    auto length = static_cast<uint32_t>(utf8_sequence_length(word.substr(i)));
    scratch.symbols.push_back({find(word.substr(i, length)), i, length, 0, 0});
    i += length;
  }
  merge_symbols(scratch, [&](const Symbol& left, const Symbol& right, MergeCandidate& candidate) {
    int32_t id = find(word.substr(left.begin, left.length + right.length));
    if (id < 0) return false;
    candidate.rank = ranks_[static_cast<size_t>(id)];
    candidate.id = id;
    return true;
  });
  auto add = [&](int32_t id, uint32_t end) {
    out.push_back(id);
    if (scratch.ends != nullptr) scratch.ends->push_back(end);
  };
  for (const Symbol& symbol : scratch.symbols) {
    if (symbol.length == 0) continue;
    uint32_t end = symbol.begin + symbol.length;
    if (symbol.id >= 0) {
      add(symbol.id, end);
      continue;
    }
    for (uint32_t at = symbol.begin; at < end; ++at) {
      int32_t id = byte_ids_[static_cast<unsigned char>(word[at])];
      if (id < 0) {
        if (unknown_id_ >= 0) add(unknown_id_, end);
        break;
      }
      add(id, at + 1);
    }
  }
}

}  // namespace weft
