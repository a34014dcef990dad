// Puts a Grammar together, part by part.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "grammar/grammar.h"

namespace weft {

class GrammarAssembly {
 public:
  ExpressionId text(DfaPtr automaton);
  ExpressionId text(Dfa automaton) { return text(std::make_shared<const Dfa>(std::move(automaton))); }
  ExpressionId token(int32_t id);
  ExpressionId sequence(std::vector<ExpressionId> children);
  ExpressionId choice(std::vector<ExpressionId> children);
  ExpressionId repeat(ExpressionId child, int64_t min, std::optional<int64_t> max);
  ExpressionId value(ValueGrammar values);
  int32_t add_rule();  // its body comes with set_rule
  ExpressionId rule(int32_t rule);
  void set_rule(int32_t rule, ExpressionId body) { grammar_.rules[static_cast<size_t>(rule)] = body; }

  size_t size() const { return grammar_.expressions.size(); }
  size_t num_values() const { return grammar_.values.values.size(); }
  Grammar finish(ExpressionId root) &&;

 private:
  ExpressionId add(Expression expression);
  Grammar grammar_;
};

}  // namespace weft
