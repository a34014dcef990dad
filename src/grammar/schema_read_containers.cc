// The keywords that say something about objects and arrays.
#include <algorithm>

#include "grammar/schema_json.h"
#include "grammar/schema_reader.h"

namespace weft::schema {

Status Reader::read_properties(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  PropertiesAtom atom;
  for (std::string_view keyword : {"properties", "patternProperties"}) {
    const Json* value = object.if_contains(keyword);
    if (value == nullptr) continue;
    if (!value->is_object()) {
      return param_error(here.path, "\"{}\" must be an object, not {}.", keyword, kind_name(*value));
    }
    auto& map = keyword == "properties" ? atom.properties : atom.patterns;
    for (const auto& [key, item] : value->get_object()) {
      TRY_ASSIGN(Literal literal, schema(document_.child(here, item, keyword, key)));
      map.emplace_back(std::string(key), literal);
    }
    properties_ += map.size();
  }
  if (properties_ > limits_.properties) {
    return make_error(ErrorCode::kGrammarTooComplex, "The schema has more than {} properties.", limits_.properties);
  }
  std::sort(atom.properties.begin(), atom.properties.end());
  bool patterns_known = true;
  for (const auto& [pattern, literal] : atom.patterns) {
    Result<DfaPtr> language = automata_.pattern(pattern);
    if (language) continue;
    TRY(automata_.budget().spend(1));  // rather than the pattern's fault
    give_up(document_.child(here, *here.value, "patternProperties"), pattern, kObject, language.error().message, out);
    patterns_known = false;
  }
  if (const Json* value = object.if_contains("additionalProperties")) {
    TRY_ASSIGN(atom.additional, schema_at(here, *value, "additionalProperties"));
  } else if (options_.no_additional_properties && object.if_contains("properties") != nullptr &&
             object.if_contains("unevaluatedProperties") == nullptr) {
    atom.additional = kFalse;
  }
  if (!patterns_known) {  // any other key may match
    atom.patterns.clear();
    atom.additional = kTrue;
  }
  bool says_nothing = atom.additional == kTrue;
  for (const auto& [key, literal] : atom.properties) says_nothing = says_nothing && literal == kTrue;
  for (const auto& [pattern, literal] : atom.patterns) says_nothing = says_nothing && literal == kTrue;
  if (says_nothing) return {};
  std::string keyword = !atom.properties.empty() ? "properties"
                        : !atom.patterns.empty() ? "patternProperties"
                                                 : "additionalProperties";
  out.push_back(formulas_.atom({std::move(atom), here.path, keyword}));
  return {};
}

Status Reader::read_presence(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  if (const Json* value = object.if_contains("required")) {
    if (value->is_bool()) {
      unenforced_.push_back({here.path, "required", "the boolean form of draft 3 is not supported"});
    } else {
      TRY_ASSIGN(std::vector<std::string> keys, strings(here, *value, "required"));
      for (const std::string& key : keys) out.push_back(formulas_.required(key));
    }
  }
  PropertyCountAtom count;
  TRY_ASSIGN(bool bounded, range(here, "minProperties", "maxProperties", count.min, count.max));
  if (bounded) out.push_back(formulas_.atom({count, here.path, count.max ? "maxProperties" : "minProperties"}));
  if (const Json* value = object.if_contains("propertyNames"); value != nullptr && since(Draft::kDraft6)) {
    TRY_ASSIGN(Literal names, schema_at(here, *value, "propertyNames"));
    if (names != kTrue) out.push_back(formulas_.atom({NamesAtom{names}, here.path, "propertyNames"}));
  }
  return {};
}

Literal Reader::object_type(const Location& here) {
  return formulas_.atom({TypesAtom{kObject, false}, here.path, "type"}, fmt::format("T{}{}", kObject, false));
}

Result<Literal> Reader::dependency(const Location& here, const std::string& key, const Json& value,
                                   std::string_view keyword) {
  bool may_list = keyword != "dependentSchemas";
  if (may_list && (value.is_array() || is_string(value))) {
    DependencyAtom atom{key, {}};
    if (value.is_array()) {
      TRY_ASSIGN(atom.needs, strings(here, value, keyword));
    } else {
      atom.needs.emplace_back(string_text(value));
    }
    std::erase(atom.needs, key);
    if (atom.needs.empty()) return kTrue;
    return formulas_.atom({std::move(atom), here.path, std::string(keyword)});
  }
  TRY_ASSIGN(Literal then, schema(document_.child(here, value, keyword, key)));
  if (then == kTrue) return kTrue;
  // Without the type, the condition would hold for every value that is no object.
  Literal present = formulas_.conjunction({object_type(here), formulas_.required(key)});
  return formulas_.combine(Formula::Kind::kIfThenElse, {present, then, kTrue});
}

Status Reader::read_dependencies(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  for (std::string_view keyword : {"dependencies", "dependentRequired", "dependentSchemas"}) {
    // Later drafts keep `dependencies` for compatibility.
    if (keyword != "dependencies" && !since(Draft::k2019)) continue;
    const Json* value = object.if_contains(keyword);
    if (value == nullptr) continue;
    if (!value->is_object()) {
      return param_error(here.path, "\"{}\" must be an object, not {}.", keyword, kind_name(*value));
    }
    for (const auto& [key, item] : value->get_object()) {
      TRY_ASSIGN(Literal literal, dependency(here, std::string(key), item, keyword));
      out.push_back(literal);
    }
  }
  return {};
}

Status Reader::read_items(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  const Json* items = object.if_contains("items");
  const Json* prefix = since(Draft::k2020) ? object.if_contains("prefixItems") : nullptr;
  ItemsAtom atom;
  if (items != nullptr && items->is_array()) {
    TRY_ASSIGN(atom.prefix, schema_array(here, *items, "items"));
    if (const Json* rest = object.if_contains("additionalItems")) {
      TRY_ASSIGN(atom.rest, schema_at(here, *rest, "additionalItems"));
    }
  } else {
    if (prefix != nullptr) {
      TRY_ASSIGN(atom.prefix, schema_array(here, *prefix, "prefixItems"));
    }
    if (items != nullptr) {
      TRY_ASSIGN(atom.rest, schema_at(here, *items, "items"));
    }
  }
  bool says_nothing = atom.rest == kTrue;
  for (Literal literal : atom.prefix) says_nothing = says_nothing && literal == kTrue;
  if (!says_nothing) out.push_back(formulas_.atom({std::move(atom), here.path, "items"}));
  ItemCountAtom count;
  TRY_ASSIGN(bool bounded, range(here, "minItems", "maxItems", count.min, count.max));
  if (bounded) out.push_back(formulas_.atom({count, here.path, count.max ? "maxItems" : "minItems"}));
  if (const Json* unique = object.if_contains("uniqueItems")) {
    if (!unique->is_bool()) {
      return param_error(here.path, "\"uniqueItems\" must be a boolean, not {}.", kind_name(*unique));
    }
    if (unique->get_bool()) out.push_back(formulas_.atom({UniqueAtom{}, here.path, "uniqueItems"}, "U"));
  }
  return {};
}

Status Reader::read_contains(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  const Json* value = since(Draft::kDraft6) ? object.if_contains("contains") : nullptr;
  if (value == nullptr) return {};
  ContainsAtom atom;
  TRY_ASSIGN(atom.item, schema_at(here, *value, "contains"));
  if (since(Draft::k2019)) {
    TRY_ASSIGN(bool bounded, range(here, "minContains", "maxContains", atom.min, atom.max));
    (void)bounded;
  }
  if (atom.min > 0 || atom.max) out.push_back(formulas_.atom({std::move(atom), here.path, "contains"}));
  return {};
}

}  // namespace weft::schema
