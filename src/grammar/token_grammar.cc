#include "grammar/token_grammar.h"

#include <algorithm>
#include <bit>

namespace weft {

namespace {

constexpr size_t kFirstCompaction = 256 * 1024;  // bytes of a state; later at twice what was left

}  // namespace

std::unique_ptr<ConstraintState> TokenGrammar::start() const {
  return std::make_unique<GrammarState>(tables_, vocabulary_, number_);
}

GrammarState::GrammarState(std::shared_ptr<const MachineTables> tables,
                           std::shared_ptr<const TokenVocabulary> vocabulary, uint64_t grammar)
    : vocabulary_(vocabulary),
      machine_(std::move(tables)),
      masks_(std::move(vocabulary), grammar),
      threads_(machine_.start()),
      compact_at_(kFirstCompaction) {}

std::unique_ptr<ConstraintState> GrammarState::clone() const { return std::make_unique<GrammarState>(*this); }

Status GrammarState::fill_mask(std::span<uint32_t> mask) {
  if (mask.size() * 32 < static_cast<size_t>(vocabulary_->size())) {
    return make_error(ErrorCode::kInternalError, "A mask of {} words is too small for {} tokens.", mask.size(),
                      vocabulary_->size());
  }
  if (ended_) {
    std::fill(mask.begin(), mask.end(), 0);
    for (TokenId id : vocabulary_->end_ids()) set_token(mask, id);
    return {};
  }
  return masks_.fill(machine_, threads_, mask);
}

Status GrammarState::accept(TokenId token) {
  auto refused = [&] {
    return make_error(ErrorCode::kInvalidValue, "Token {} does not continue the text in its grammar.", token);
  };
  if (token < 0 || token >= vocabulary_->size()) return refused();
  StateArena::Mark mark = machine_.arena().mark();
  if (!ended_) machine_.step_token(threads_, token, next_);
  if (ended_ || next_.empty()) {
    if (vocabulary_->is_end(token) && can_end()) {
      ended_ = true;
      return {};
    }
    std::string_view text = vocabulary_->text(token);
    if (ended_ || text.empty()) return refused();
    next_ = threads_;
    for (char byte : text) {
      machine_.step(next_, static_cast<uint8_t>(byte), scratch_);
      std::swap(next_, scratch_);
      if (!next_.empty()) continue;
      machine_.take_back(mark);
      return refused();
    }
  }
  std::swap(threads_, next_);
  compact_now_and_then();
  return {};
}

void GrammarState::compact_now_and_then() {
  if (machine_.arena().memory_bytes() < compact_at_) return;
  machine_.compact(threads_);
  compact_at_ = std::max(kFirstCompaction, 2 * machine_.arena().memory_bytes());
}

std::optional<TokenId> GrammarState::forced_token() {
  std::vector<uint32_t> mask((static_cast<size_t>(vocabulary_->size()) + 31) / 32);
  if (!fill_mask(mask)) return std::nullopt;
  std::optional<TokenId> forced;
  for (size_t w = 0; w < mask.size(); ++w) {
    if (mask[w] == 0) continue;
    if (forced || std::popcount(mask[w]) > 1) return std::nullopt;
    forced = static_cast<TokenId>(w * 32 + static_cast<size_t>(std::countr_zero(mask[w])));
  }
  return forced;
}

}  // namespace weft
