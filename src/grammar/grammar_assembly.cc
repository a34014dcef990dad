#include "grammar/grammar_assembly.h"

#include <iterator>

namespace weft {

ExpressionId GrammarAssembly::add(Expression expression) {
  grammar_.expressions.push_back(std::move(expression));
  return static_cast<ExpressionId>(grammar_.expressions.size()) - 1;
}

ExpressionId GrammarAssembly::text(DfaPtr automaton) {
  grammar_.automata.push_back(std::move(automaton));
  return add({.kind = Expression::Kind::kText, .index = static_cast<int32_t>(grammar_.automata.size()) - 1});
}

ExpressionId GrammarAssembly::token(int32_t id) { return add({.kind = Expression::Kind::kToken, .index = id}); }

ExpressionId GrammarAssembly::sequence(std::vector<ExpressionId> children) {
  if (children.size() == 1) return children[0];
  return add({.kind = Expression::Kind::kSequence, .children = std::move(children)});
}

ExpressionId GrammarAssembly::choice(std::vector<ExpressionId> children) {
  if (children.size() == 1) return children[0];
  return add({.kind = Expression::Kind::kChoice, .children = std::move(children)});
}

ExpressionId GrammarAssembly::repeat(ExpressionId child, int64_t min, std::optional<int64_t> max) {
  return add({.kind = Expression::Kind::kRepeat, .children = {child}, .min = min, .max = max});
}

int32_t GrammarAssembly::add_rule() {
  grammar_.rules.push_back(0);
  return static_cast<int32_t>(grammar_.rules.size()) - 1;
}

ExpressionId GrammarAssembly::rule(int32_t rule) { return add({.kind = Expression::Kind::kRule, .index = rule}); }

ExpressionId GrammarAssembly::value(ValueGrammar values) {
  const ValueId base = static_cast<ValueId>(grammar_.values.values.size());
  const auto move_choices = [base](std::vector<EntryChoice>& choices) {
    for (EntryChoice& choice : choices) {
      if (choice.value != kNoValue) choice.value += base;
    }
  };
  for (ValueShape& shape : values.values) {
    for (ArrayShape& array : shape.arrays) {
      for (auto& choices : array.prefix) move_choices(choices);
      move_choices(array.rest);
    }
    for (ObjectShape& object : shape.objects) {
      for (ObjectShape::Property& property : object.properties) move_choices(property.choices);
      for (auto& choices : object.classes) move_choices(choices);
    }
  }
  grammar_.values.values.insert(grammar_.values.values.end(), std::make_move_iterator(values.values.begin()),
                                std::make_move_iterator(values.values.end()));
  if (base == 0) grammar_.values.root = values.root;
  return add({.kind = Expression::Kind::kValue, .index = values.root + base});
}

Grammar GrammarAssembly::finish(ExpressionId root) && {
  grammar_.root = root;
  return std::move(grammar_);
}

}  // namespace weft
