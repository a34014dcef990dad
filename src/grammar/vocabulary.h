// The model's tokens as byte strings, arranged for walks that follow a grammar. Built once per tokenizer, immutable
// and shared by all grammars.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "request/ids.h"
#include "text/tokenizer.h"

namespace weft {

class GrammarVocabulary {
 public:
  virtual ~GrammarVocabulary() = default;
  // `end_ids`: legal exactly where the grammar may end. Special tokens are never part of a text: legal only where a
  // grammar names them.
  static std::shared_ptr<const GrammarVocabulary> build(const Tokenizer& tokenizer, std::vector<TokenId> end_ids);
  virtual int32_t size() const = 0;  // mask bits; at least tokenizer.vocab_size()
};

}  // namespace weft
