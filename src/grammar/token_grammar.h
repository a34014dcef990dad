// A compiled grammar as the engine sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "grammar/machine_tables.h"
#include "grammar/mask_maker.h"
#include "grammar/token_vocabulary.h"
#include "request/token_constraint.h"

namespace weft {

class TokenGrammar final : public TokenConstraint {
 public:
  TokenGrammar(std::shared_ptr<const MachineTables> tables, std::shared_ptr<const TokenVocabulary> vocabulary)
      : tables_(std::move(tables)), vocabulary_(std::move(vocabulary)), number_(vocabulary_->slices().new_grammar()) {}

  std::unique_ptr<ConstraintState> start() const override;
  const std::shared_ptr<const MachineTables>& tables() const { return tables_; }

 private:
  std::shared_ptr<const MachineTables> tables_;
  std::shared_ptr<const TokenVocabulary> vocabulary_;
  uint64_t number_;
};

// One sequence in one grammar.
class GrammarState final : public ConstraintState {
 public:
  GrammarState(std::shared_ptr<const MachineTables> tables, std::shared_ptr<const TokenVocabulary> vocabulary,
               uint64_t grammar);

  std::unique_ptr<ConstraintState> clone() const override;
  Status fill_mask(std::span<uint32_t> mask) override;
  // kInvalidValue when the token is not legal; the state stays as it was.
  Status accept(TokenId token) override;

  // The only legal token, if there is but one.
  std::optional<TokenId> forced_token();
  bool can_end() const { return ended_ || machine_.can_end(threads_); }
  size_t memory_bytes() const { return machine_.arena().memory_bytes(); }
  std::span<const Frame> threads() const { return threads_; }
  Machine& machine() { return machine_; }

 private:
  void compact_now_and_then();

  std::shared_ptr<const TokenVocabulary> vocabulary_;
  Machine machine_;
  MaskMaker masks_;
  std::vector<Frame> threads_, next_, scratch_;
  size_t compact_at_;
  bool ended_ = false;
};

}  // namespace weft
