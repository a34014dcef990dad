// Arrays: what the atoms of one alternative say together.
#include <algorithm>

#include "grammar/schema_builder.h"

namespace weft::schema {
namespace {

constexpr size_t kMaxConditions = 32;

}  // namespace

struct Builder::ArrayFacts {
  std::vector<const ItemsAtom*> all;       // hold for every item
  std::vector<const ItemsAtom*> violated;  // by some item: the first conditions
  Literals contained;                      // the other conditions
  ArrayShape shape;
};

Result<std::vector<EntryChoice>> Builder::item_choices(const ArrayFacts& facts, size_t position) {
  auto at = [&](const ItemsAtom& items) {
    return position < items.prefix.size() ? items.prefix[position] : items.rest;
  };
  Literals all, predicates;
  for (const ItemsAtom* items : facts.all) all.push_back(at(*items));
  for (const ItemsAtom* items : facts.violated) predicates.push_back(!at(*items));
  predicates.insert(predicates.end(), facts.contained.begin(), facts.contained.end());
  TRY(spend(1 + all.size() + predicates.size()));
  return choices(all, predicates);
}

Result<std::optional<ArrayShape>> Builder::array_of(const Term& term) {
  ArrayFacts facts;
  ArrayShape& shape = facts.shape;
  std::vector<CountedCondition> contained;
  size_t prefix = 0;
  for (Literal literal : term) {
    const Atom& atom = formulas_.atom(literal);
    if (const auto* items = std::get_if<ItemsAtom>(&atom.what)) {
      (literal.negative() ? facts.violated : facts.all).push_back(items);
      prefix = std::max(prefix, items->prefix.size());
    } else if (const auto* contains = std::get_if<ContainsAtom>(&atom.what)) {
      facts.contained.push_back(contains->item);
      contained.push_back({contains->min, contains->max});
    } else if (const auto* count = std::get_if<ItemCountAtom>(&atom.what)) {
      shape.min_items = std::max(shape.min_items, count->min);
      if (count->max) shape.max_items = std::min(shape.max_items.value_or(*count->max), *count->max);
    } else if (std::holds_alternative<UniqueAtom>(atom.what)) {
      shape.unique = true;
    }
  }
  shape.conditions.assign(facts.violated.size(), CountedCondition{});
  shape.conditions.insert(shape.conditions.end(), contained.begin(), contained.end());
  if (shape.conditions.size() > kMaxConditions) {
    return make_error(ErrorCode::kGrammarTooComplex, "An array has more than {} conditions.", kMaxConditions);
  }
  if (shape.max_items && shape.min_items > *shape.max_items) return std::optional<ArrayShape>();
  if (shape.max_items) prefix = std::min(prefix, static_cast<size_t>(*shape.max_items));
  for (size_t i = 0; i < prefix; ++i) {
    TRY_ASSIGN(std::vector<EntryChoice> position, item_choices(facts, i));
    if (position.empty()) {  // no array is longer
      shape.max_items = std::min(shape.max_items.value_or(static_cast<int64_t>(i)), static_cast<int64_t>(i));
      if (shape.min_items > *shape.max_items) return std::optional<ArrayShape>();
      return std::optional<ArrayShape>(std::move(shape));
    }
    shape.prefix.push_back(std::move(position));
  }
  if (!shape.max_items || *shape.max_items > static_cast<int64_t>(prefix)) {
    TRY_ASSIGN(shape.rest, item_choices(facts, prefix));
  }
  return std::optional<ArrayShape>(std::move(shape));
}

}  // namespace weft::schema
