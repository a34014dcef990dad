#include "frontend/reasoning_constraint.h"

#include <algorithm>

namespace weft {
namespace {

constexpr size_t kWordBits = 32;

class ReasoningState final : public ConstraintState {
 public:
  ReasoningState(const TokenConstraint& answer, const ReasoningTokens& tokens)
      : tokens_(tokens), phase_(tokens.begin ? Phase::kStart : Phase::kReasoning), answer_(answer.start()) {}
  ReasoningState(const ReasoningState& other)
      : tokens_(other.tokens_), phase_(other.phase_), answer_(other.answer_->clone()) {}

  std::unique_ptr<ConstraintState> clone() const override { return std::make_unique<ReasoningState>(*this); }

  Status fill_mask(std::span<uint32_t> mask) override {
    if (phase_ != Phase::kReasoning) {
      TRY(answer_->fill_mask(mask));
      if (phase_ == Phase::kStart) set(mask, *tokens_.begin, true);
      return {};
    }
    std::fill(mask.begin(), mask.end(), 0u);
    auto size = static_cast<size_t>(tokens_.vocab_size);
    std::fill_n(mask.begin(), std::min(mask.size(), size / kWordBits), ~0u);
    for (size_t id = size - size % kWordBits; id < size; ++id) set(mask, static_cast<TokenId>(id), true);
    for (TokenId id : tokens_.end_of_sequence) set(mask, id, false);
    return {};
  }

  Status accept(TokenId token) override {
    if (phase_ == Phase::kStart && token == *tokens_.begin) {
      phase_ = Phase::kReasoning;
      return {};
    }
    if (phase_ == Phase::kReasoning) {
      if (token == tokens_.end) phase_ = Phase::kAnswer;
      return {};
    }
    phase_ = Phase::kAnswer;
    return answer_->accept(token);
  }

 private:
  enum class Phase { kStart, kReasoning, kAnswer };

  static void set(std::span<uint32_t> mask, TokenId token, bool legal) {
    size_t word = static_cast<size_t>(token) / kWordBits;
    if (word >= mask.size()) return;
    uint32_t bit = uint32_t{1} << (static_cast<size_t>(token) % kWordBits);
    mask[word] = legal ? mask[word] | bit : mask[word] & ~bit;
  }

  const ReasoningTokens& tokens_;  // of the constraint, which outlives its states
  Phase phase_;
  std::unique_ptr<ConstraintState> answer_;
};

class ReasoningConstraint final : public TokenConstraint {
 public:
  ReasoningConstraint(std::shared_ptr<const TokenConstraint> answer, ReasoningTokens tokens)
      : answer_(std::move(answer)), tokens_(std::move(tokens)) {}
  std::unique_ptr<ConstraintState> start() const override {
    return std::make_unique<ReasoningState>(*answer_, tokens_);
  }

 private:
  std::shared_ptr<const TokenConstraint> answer_;
  ReasoningTokens tokens_;
};

}  // namespace

std::shared_ptr<const TokenConstraint> make_reasoning_constraint(std::shared_ptr<const TokenConstraint> answer,
                                                                 ReasoningTokens tokens) {
  return std::make_shared<const ReasoningConstraint>(std::move(answer), std::move(tokens));
}

}  // namespace weft
