// Objects: what the atoms of one alternative say together.
#include <algorithm>
#include <set>

#include "grammar/schema_builder.h"

namespace weft::schema {
namespace {

constexpr size_t kMaxConditions = 10;  // whether they can hold together is computed for every subset

}  // namespace

struct Builder::ObjectFacts {
  std::vector<const PropertiesAtom*> all;       // hold for every property
  std::vector<const PropertiesAtom*> violated;  // by some property: the first conditions
  std::vector<DfaPtr> names;                    // every key is in them
  std::vector<DfaPtr> odd_names;                // some key is in each of them: the other conditions
  std::set<std::string> required, forbidden;
  std::vector<DependencyAtom> dependencies;
  int64_t min = 0;
  std::optional<int64_t> max;
};

Status Builder::add_names(Literal literal, const NamesAtom& atom, ObjectFacts& facts) {
  Literal names = literal.negative() ? !atom.names : atom.names;
  Atom source{UnknownAtom{}, formulas_.atom(literal).path, formulas_.atom(literal).keyword};
  TRY_ASSIGN(StringValue strings, scalars_.strings().of(Literals{names}));
  Result<DfaPtr> keys = scalars_.string_domain().automaton(strings);
  if (!keys) {
    TRY(automata_.budget().spend(1));
    unenforced_.add(source, keys.error().message);
  } else if (literal.negative()) {
    facts.odd_names.push_back(*keys == nullptr ? automata_.all_texts() : *keys);
  } else if (*keys != nullptr) {
    facts.names.push_back(*keys);
  }
  return {};
}

Result<Builder::ObjectFacts> Builder::object_facts(const Term& term) {
  ObjectFacts facts;
  for (Literal literal : term) {
    const Atom& atom = formulas_.atom(literal);
    if (const auto* map = std::get_if<PropertiesAtom>(&atom.what)) {
      (literal.negative() ? facts.violated : facts.all).push_back(map);
    } else if (const auto* key = std::get_if<RequiredAtom>(&atom.what)) {
      (literal.negative() ? facts.forbidden : facts.required).insert(key->key);
    } else if (const auto* count = std::get_if<PropertyCountAtom>(&atom.what)) {
      facts.min = std::max(facts.min, count->min);
      if (count->max) facts.max = std::min(facts.max.value_or(*count->max), *count->max);
    } else if (const auto* dependency = std::get_if<DependencyAtom>(&atom.what)) {
      facts.dependencies.push_back(*dependency);
    } else if (const auto* names = std::get_if<NamesAtom>(&atom.what)) {
      TRY(add_names(literal, *names, facts));
    }
  }
  return facts;
}

Status Builder::add_property(const ObjectFacts& facts, const std::string& key, ObjectShape& shape) {
  ObjectShape::Property property{key, {}, facts.required.count(key) != 0};
  bool allowed = facts.forbidden.count(key) == 0;
  for (const DfaPtr& names : facts.names) allowed = allowed && names->accepts(key);
  if (allowed) {
    Literals all, predicates;
    for (const PropertiesAtom* map : facts.all) {
      TRY_ASSIGN(bool known, scalars_.append_of_key(*map, key, all));
      (void)known;
    }
    for (const PropertiesAtom* map : facts.violated) {
      Literals own;
      TRY_ASSIGN(bool known, scalars_.append_of_key(*map, key, own));
      (void)known;
      predicates.push_back(violation(std::move(own)));
    }
    for (const DfaPtr& names : facts.odd_names) predicates.push_back(names->accepts(key) ? kTrue : kFalse);
    TRY(spend(1 + all.size() + predicates.size()));
    TRY_ASSIGN(property.choices, choices(all, predicates));
  }
  shape.properties.push_back(std::move(property));
  return {};
}

// The choices of the keys that exactly the automata in `members` accept; `patterns` says which automaton is whose.
Result<std::vector<EntryChoice>> Builder::class_choices(const ObjectFacts& facts, uint64_t members,
                                                        const std::map<std::string, size_t>& patterns) {
  auto has = [&](size_t automaton) { return (members >> automaton & 1) != 0; };
  for (size_t i = 0; i < facts.names.size(); ++i) {
    if (!has(patterns.size() + i)) return std::vector<EntryChoice>();
  }
  auto append = [&](const PropertiesAtom& map, Literals& out) {
    bool known = false;
    for (const auto& [pattern, literal] : map.patterns) {
      if (!has(patterns.at(pattern))) continue;
      out.push_back(literal);
      known = true;
    }
    if (!known) out.push_back(map.additional);
  };
  Literals all, predicates;
  for (const PropertiesAtom* map : facts.all) append(*map, all);
  for (const PropertiesAtom* map : facts.violated) {
    Literals own;
    append(*map, own);
    predicates.push_back(violation(std::move(own)));
  }
  for (size_t i = 0; i < facts.odd_names.size(); ++i) {
    predicates.push_back(has(patterns.size() + facts.names.size() + i) ? kTrue : kFalse);
  }
  TRY(spend(1 + all.size() + predicates.size()));
  return choices(all, predicates);
}

Status Builder::add_other_keys(const ObjectFacts& facts, ObjectShape& shape) {
  std::map<std::string, size_t> patterns;
  std::vector<DfaPtr> automata;
  for (const auto* maps : {&facts.all, &facts.violated}) {
    for (const PropertiesAtom* map : *maps) {
      for (const auto& [pattern, literal] : map->patterns) {
        if (!patterns.emplace(pattern, automata.size()).second) continue;
        TRY_ASSIGN(DfaPtr language, automata_.pattern(pattern));
        automata.push_back(std::move(language));
      }
    }
  }
  if (automata.empty() && facts.names.empty() && facts.odd_names.empty()) {
    TRY_ASSIGN(std::vector<EntryChoice> others, class_choices(facts, 0, patterns));
    if (!others.empty()) shape.classes.push_back(std::move(others));
    return {};
  }
  automata.insert(automata.end(), facts.names.begin(), facts.names.end());
  automata.insert(automata.end(), facts.odd_names.begin(), facts.odd_names.end());
  std::vector<std::string> listed;
  for (const ObjectShape::Property& property : shape.properties) listed.push_back(property.key);
  auto wanted = [&](uint64_t members) -> Result<bool> {
    TRY_ASSIGN(std::vector<EntryChoice> entry, class_choices(facts, members, patterns));
    if (entry.empty()) return false;
    shape.classes.push_back(std::move(entry));
    return true;
  };
  TRY_ASSIGN(KeyClasses classes,
             classify_keys(automata, listed, wanted, automata_.budget(), automata_.all_texts(), automata_.limits()));
  shape.other_keys = classes.keys;
  if (classes.keys == nullptr) shape.classes.clear();
  return {};
}

Result<std::optional<ObjectShape>> Builder::object_of(const Term& term) {
  TRY_ASSIGN(ObjectFacts facts, object_facts(term));
  ObjectShape shape;
  shape.min_properties = facts.min;
  shape.max_properties = facts.max;
  if (facts.max && facts.min > *facts.max) return std::optional<ObjectShape>();
  shape.conditions.assign(facts.violated.size() + facts.odd_names.size(), CountedCondition{});
  if (shape.conditions.size() > kMaxConditions) {
    return make_error(ErrorCode::kGrammarTooComplex, "An object has more than {} conditions.", kMaxConditions);
  }
  std::set<std::string> keys = facts.required;
  keys.insert(facts.forbidden.begin(), facts.forbidden.end());
  for (const auto* maps : {&facts.all, &facts.violated}) {
    for (const PropertiesAtom* map : *maps) {
      for (const auto& [key, literal] : map->properties) keys.insert(key);
    }
  }
  for (const DependencyAtom& dependency : facts.dependencies) {
    keys.insert(dependency.key);
    keys.insert(dependency.needs.begin(), dependency.needs.end());
  }
  for (const std::string& key : keys) {
    TRY(add_property(facts, key, shape));
    if (shape.properties.back().required && shape.properties.back().choices.empty()) {
      return std::optional<ObjectShape>();
    }
  }
  auto index_of = [&](const std::string& key) {
    auto at = std::lower_bound(shape.properties.begin(), shape.properties.end(), key,
                               [](const auto& property, const std::string& name) { return property.key < name; });
    return static_cast<int32_t>(at - shape.properties.begin());
  };
  for (const DependencyAtom& dependency : facts.dependencies) {
    ObjectShape::Dependency made{index_of(dependency.key), {}};
    for (const std::string& need : dependency.needs) made.needs.push_back(index_of(need));
    shape.dependencies.push_back(std::move(made));
  }
  TRY(add_other_keys(facts, shape));
  return std::optional<ObjectShape>(std::move(shape));
}

}  // namespace weft::schema
