#include "text/unigram_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/utf8.h"

namespace weft {
namespace {

constexpr double kUnknownPenalty = 10;  // below the worst token

}  // namespace

UnigramModel::UnigramModel(const Vocabulary& vocabulary, std::span<const double> scores,
                           const std::vector<UnigramPiece>& pieces, const UnigramOptions& options)
    : scores_(scores.begin(), scores.end()), pieces_(pieces), options_(options) {
  std::vector<ByteTrie::Key> keys;
  double lowest = std::numeric_limits<double>::infinity();
  max_score_ = -lowest;
  for (size_t id = 0; id < scores_.size(); ++id) {
    if (pieces_[id] == UnigramPiece::kAbsent) continue;
    keys.push_back({vocabulary.form(static_cast<int32_t>(id)), static_cast<int32_t>(id)});
    if (pieces_[id] == UnigramPiece::kUserDefined) continue;
    lowest = std::min(lowest, scores_[id]);
    max_score_ = std::max(max_score_, scores_[id]);
  }
  trie_ = ByteTrie(std::move(keys));
  if (options_.single_precision) {
    unknown_score_ = static_cast<float>(static_cast<float>(lowest) - static_cast<float>(kUnknownPenalty));
  } else {
    unknown_score_ = lowest - kUnknownPenalty;
  }
  for (size_t byte = 0; byte < 256; ++byte) byte_ids_[byte] = vocabulary.find(fmt::format("<0x{:02X}>", byte));
}

// In single precision the sum is rounded before it is compared.
void UnigramModel::offer(Best& target, double score, int32_t id, size_t begin) const {
  if (options_.single_precision) score = static_cast<float>(score);
  if (target.begin != kUnreached && !(score > target.score)) return;
  target = {score, id, static_cast<uint32_t>(begin)};
}

// Offers every token that begins at `begin` to the place where it ends.
void UnigramModel::extend(std::string_view word, size_t begin, std::vector<Best>& best) const {
  size_t character = utf8_sequence_length(word.substr(begin));
  double before = best[begin].score;
  bool single = false;  // the first character is a token
  uint32_t node = ByteTrie::kRoot;
  for (size_t end = begin; end < word.size();) {
    node = trie_.child(node, static_cast<unsigned char>(word[end++]));
    if (node == ByteTrie::kNone) break;
    int32_t id = trie_.value(node);
    if (id < 0) continue;
    auto index = static_cast<size_t>(id);
    size_t length = end - begin;
    // The bonus of user-defined tokens and where it is rounded are SentencePiece's.
    double score = pieces_[index] == UnigramPiece::kUserDefined
                       ? static_cast<double>(static_cast<float>(length) * static_cast<float>(max_score_)) - 0.1
                       : scores_[index];
    offer(best[end], score + before, id, begin);
    single = single || length == character;
  }
  if (!single) offer(best[begin + character], unknown_score_ + before, options_.unknown_id, begin);
}

void UnigramModel::encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const {
  std::vector<Best> best(word.size() + 1);
  for (size_t begin = 0; begin < word.size(); begin += utf8_sequence_length(word.substr(begin)))
    extend(word, begin, best);
  // From the end to the beginning; neighbouring unknown characters are one unknown text.
  std::vector<TokenRange> path;
  for (size_t end = word.size(); end > 0; end = best[end].begin) {
    const Best& last = best[end];
    bool unknown = last.id == options_.unknown_id;
    if (unknown && !path.empty() && path.back().id == options_.unknown_id) {
      path.back().begin = last.begin;
    } else {
      path.push_back({last.id, last.begin, end});
    }
  }
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    if (at->id == options_.unknown_id) {
      add_unknown(word.substr(at->begin, at->end - at->begin), at->begin, scratch, out);
    } else {
      scratch.emit(at->id, at->end, out);
    }
  }
}

void UnigramModel::add_unknown(std::string_view text, size_t begin, MergeScratch& scratch,
                               std::vector<int32_t>& out) const {
  bool bytes = options_.byte_fallback && std::all_of(text.begin(), text.end(), [this](char byte) {
                 return byte_ids_[static_cast<unsigned char>(byte)] >= 0;
               });
  if (bytes) {
    for (char byte : text) scratch.emit(byte_ids_[static_cast<unsigned char>(byte)], ++begin, out);
  } else if (options_.unknown_id >= 0) {
    scratch.emit(options_.unknown_id, begin + text.size(), out);
  }
}

}  // namespace weft
