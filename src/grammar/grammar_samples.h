// Small grammars for tests and benchmarks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "grammar/grammar.h"

namespace weft {

inline DfaPtr automaton(const std::vector<std::string>& texts) {
  auto dfa = dfa::one_of(texts, {});
  CHECK(dfa.has_value());
  return std::make_shared<const Dfa>(std::move(*dfa));
}

inline DfaPtr concatenation(const std::vector<Dfa>& parts) {
  Dfa all = dfa::empty_text();
  for (const Dfa& part : parts) all = *dfa::concatenate(all, part, {});
  return std::make_shared<const Dfa>(std::move(all));
}

// JSON's numbers, by the automata's algebra.
inline DfaPtr number_sample() {
  GrammarLimits limits;
  Dfa digit = *dfa::one_of({"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, limits);
  Dfa first = *dfa::one_of({"1", "2", "3", "4", "5", "6", "7", "8", "9"}, limits);
  Dfa digits = *dfa::repeat(digit, 1, std::nullopt, limits);
  Dfa whole = *dfa::unite(dfa::literal("0"),
                          *dfa::concatenate(first, *dfa::repeat(digit, 0, std::nullopt, limits), limits), limits);
  Dfa fraction = *dfa::repeat(*dfa::concatenate(dfa::literal("."), digits, limits), 0, 1, limits);
  Dfa exponent = *dfa::concatenate(*dfa::one_of({"e", "E", "e+", "e-", "E+", "E-"}, limits), digits, limits);
  return concatenation({*dfa::one_of({"", "-"}, limits), whole, fraction, *dfa::repeat(exponent, 0, 1, limits)});
}

// Value 0 is every JSON value.
inline ValueGrammar any_value_sample() {
  ValueShape any;
  any.null = any.true_value = any.false_value = any.is_any = true;
  any.number = number_sample();
  any.strings.push_back({});
  ArrayShape array;
  array.rest = {{0, 0}};
  any.arrays.push_back(array);
  ObjectShape object;
  object.classes = {{{0, 0}}};
  any.objects.push_back(object);
  return {.values = {any}, .root = 0};
}

inline Grammar value_sample(ValueGrammar values) {
  Grammar grammar;
  grammar.expressions.push_back({.kind = Expression::Kind::kValue, .index = values.root});
  grammar.values = std::move(values);
  return grammar;
}

// Expressions by hand.
struct GrammarBuilderSample {
  Grammar grammar;

  ExpressionId add(Expression expression) {
    grammar.expressions.push_back(std::move(expression));
    return static_cast<ExpressionId>(grammar.expressions.size()) - 1;
  }
  ExpressionId text(const std::vector<std::string>& texts) {
    grammar.automata.push_back(automaton(texts));
    return add({.kind = Expression::Kind::kText, .index = static_cast<int32_t>(grammar.automata.size()) - 1});
  }
  ExpressionId value(ValueId id) { return add({.kind = Expression::Kind::kValue, .index = id}); }
  ExpressionId token(int32_t id) { return add({.kind = Expression::Kind::kToken, .index = id}); }
  ExpressionId sequence(std::vector<ExpressionId> children) {
    return add({.kind = Expression::Kind::kSequence, .children = std::move(children)});
  }
  ExpressionId choice(std::vector<ExpressionId> children) {
    return add({.kind = Expression::Kind::kChoice, .children = std::move(children)});
  }
  ExpressionId repeat(ExpressionId child, int64_t min, std::optional<int64_t> max) {
    return add({.kind = Expression::Kind::kRepeat, .children = {child}, .min = min, .max = max});
  }
  int32_t rule() {
    grammar.rules.push_back(0);
    return static_cast<int32_t>(grammar.rules.size()) - 1;
  }
  ExpressionId call(int32_t rule) { return add({.kind = Expression::Kind::kRule, .index = rule}); }
  void define(int32_t rule, ExpressionId body) { grammar.rules[static_cast<size_t>(rule)] = body; }
  Grammar finish(ExpressionId root) {
    grammar.root = root;
    return grammar;
  }
};

}  // namespace weft
