// unevaluatedProperties and unevaluatedItems. What other keywords have evaluated depends on which of them hold: the
// cases are told apart, and each says what is left.
#include <algorithm>

#include "grammar/schema_json.h"
#include "grammar/schema_reader.h"

namespace weft::schema {
namespace {

constexpr size_t kMaxCases = 64;
constexpr int kMaxDepth = 32;  // of subschemas in place: the recursion below goes no deeper

}  // namespace

// One case: what holds in it, and what is evaluated then.
struct Reader::Evaluated {
  Literals given;
  PropertiesAtom keys;  // their schemas say nothing
  size_t prefix = 0;    // items
  bool all_keys = false, all_items = false;
  Literals contained;  // items that satisfy one of these are evaluated

  bool nothing() const {
    return keys.properties.empty() && keys.patterns.empty() && prefix == 0 && !all_keys && !all_items &&
           contained.empty();
  }
  void add(const Evaluated& other) {
    auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(given, other.given);
    append(keys.properties, other.keys.properties);
    append(keys.patterns, other.keys.patterns);
    append(contained, other.contained);
    prefix = std::max(prefix, other.prefix);
    all_keys = all_keys || other.all_keys;
    all_items = all_items || other.all_items;
  }
};

// What one schema object evaluates by itself. `is_top`: the one that holds the keyword in question.
Result<Reader::Evaluated> Reader::evaluated_here(const Location& here, bool is_top) {
  Evaluated out;
  const JsonObject& object = here.value->get_object();
  auto has = [&](std::string_view keyword) { return object.if_contains(keyword) != nullptr; };
  for (std::string_view keyword : {"properties", "patternProperties"}) {
    const Json* value = object.if_contains(keyword);
    if (value == nullptr || !value->is_object()) continue;
    auto& keys = keyword == "properties" ? out.keys.properties : out.keys.patterns;
    for (const auto& member : value->get_object()) keys.emplace_back(std::string(member.key()), kTrue);
  }
  out.all_keys = has("additionalProperties") || (!is_top && has("unevaluatedProperties"));
  const Json* items = object.if_contains("items");
  bool is_list = items != nullptr && items->is_array();
  const Json* prefix = is_list ? items : object.if_contains("prefixItems");
  if (prefix != nullptr && prefix->is_array() && (is_list || since(Draft::k2020))) {
    out.prefix = prefix->get_array().size();
  }
  out.all_items = (items != nullptr && (!is_list || has("additionalItems"))) || (!is_top && has("unevaluatedItems"));
  if (const Json* item = object.if_contains("contains"); item != nullptr && since(Draft::k2020)) {
    TRY_ASSIGN(Literal literal, schema_at(here, *item, "contains"));
    out.contained.push_back(literal);
  }
  return out;
}

// `cases` where all of `more` are possible too.
bool Reader::multiply(std::vector<Evaluated>& cases, const std::vector<Evaluated>& more) {
  if (cases.size() * more.size() > kMaxCases) return false;
  std::vector<Evaluated> out;
  for (const Evaluated& one : cases) {
    for (const Evaluated& other : more) {
      out.push_back(one);
      out.back().add(other);
    }
  }
  cases = std::move(out);
  return true;
}

// An arm that may hold or not.
Result<bool> Reader::evaluated_by_arm(const Location& arm, Literal present, int depth, std::vector<Evaluated>& cases) {
  std::vector<Evaluated> inner;
  TRY_ASSIGN(bool known, evaluated_by(arm, false, depth + 1, inner));
  if (!known) return false;
  if (std::all_of(inner.begin(), inner.end(), [](const Evaluated& each) { return each.nothing(); })) return true;
  for (Evaluated& each : inner) each.given.push_back(present);
  Evaluated absent;
  absent.given.push_back(!present);
  inner.push_back(std::move(absent));
  return multiply(cases, inner);
}

Result<bool> Reader::evaluated_by_one(const Location& here, const JsonArray& arms, int depth,
                                      std::vector<Evaluated>& cases) {
  std::vector<Evaluated> all;
  size_t i = 0;
  for (const Json& each : arms) {
    Location arm = document_.child(here, each, "oneOf", std::to_string(i++));
    TRY_ASSIGN(Literal literal, schema(arm));
    std::vector<Evaluated> inner;
    TRY_ASSIGN(bool known, evaluated_by(arm, false, depth + 1, inner));
    if (!known) return false;
    for (Evaluated& one : inner) {
      one.given.push_back(literal);
      all.push_back(std::move(one));
    }
  }
  if (std::all_of(all.begin(), all.end(), [](const Evaluated& each) { return each.nothing(); })) return true;
  return multiply(cases, all);
}

Result<bool> Reader::evaluated_by_if(const Location& here, int depth, std::vector<Evaluated>& cases) {
  const JsonObject& object = here.value->get_object();
  TRY_ASSIGN(Literal test, schema_at(here, object.at("if"), "if"));
  std::vector<Evaluated> holds, fails(1);
  TRY_ASSIGN(bool known, evaluated_by(document_.child(here, object.at("if"), "if"), false, depth + 1, holds));
  for (std::string_view keyword : {"then", "else"}) {
    const Json* value = object.if_contains(keyword);
    if (value == nullptr) continue;
    std::vector<Evaluated> branch;
    TRY_ASSIGN(bool branch_known, evaluated_by(document_.child(here, *value, keyword), false, depth + 1, branch));
    known = known && branch_known && multiply(keyword == "then" ? holds : fails, branch);
  }
  if (!known) return false;
  for (Evaluated& each : holds) each.given.push_back(test);
  for (Evaluated& each : fails) each.given.push_back(!test);
  holds.insert(holds.end(), fails.begin(), fails.end());
  return multiply(cases, holds);
}

// False: the cases are too many, or depend on a reference whose target is not known.
Result<bool> Reader::evaluated_by(const Location& here, bool is_top, int depth, std::vector<Evaluated>& cases) {
  cases.assign(1, {});
  if (depth > kMaxDepth) return false;
  if (!here.value->is_object()) return true;
  TRY_ASSIGN(cases[0], evaluated_here(here, is_top));
  for (const auto& [keyword, value] : here.value->get_object()) {
    bool known = true;
    if ((keyword == "$ref" || keyword == "$dynamicRef" || keyword == "$recursiveRef") && is_string(value)) {
      Result<Location> target = keyword == "$ref"          ? document_.resolve(here, string_text(value))
                                : keyword == "$dynamicRef" ? document_.resolve_dynamic(here, string_text(value))
                                                           : document_.resolve_recursive(here);
      if (!target) return false;
      std::vector<Evaluated> inner;
      TRY_ASSIGN(known, evaluated_by(*target, false, depth + 1, inner));
      known = known && multiply(cases, inner);
    } else if ((keyword == "allOf" || keyword == "anyOf") && value.is_array()) {
      size_t i = 0;
      for (const Json& each : value.get_array()) {
        Location arm = document_.child(here, each, keyword, std::to_string(i++));
        Literal literal = kTrue;
        if (keyword == "anyOf") {
          TRY_ASSIGN(literal, schema(arm));
        }
        std::vector<Evaluated> inner;
        if (literal == kTrue) {
          TRY_ASSIGN(known, evaluated_by(arm, false, depth + 1, inner));
          known = known && multiply(cases, inner);
        } else {
          TRY_ASSIGN(known, evaluated_by_arm(arm, literal, depth, cases));
        }
        if (!known) return false;
      }
    } else if (keyword == "oneOf" && value.is_array()) {
      TRY_ASSIGN(known, evaluated_by_one(here, value.get_array(), depth, cases));
    } else if (keyword == "if") {
      TRY_ASSIGN(known, evaluated_by_if(here, depth, cases));
    } else if ((keyword == "dependentSchemas" || keyword == "dependencies") && value.is_object()) {
      for (const auto& [key, arm] : value.get_object()) {
        if (!arm.is_object()) continue;
        Literal present = formulas_.conjunction({object_type(here), formulas_.required(std::string(key))});
        TRY_ASSIGN(known, evaluated_by_arm(document_.child(here, arm, keyword, key), present, depth, cases));
        if (!known) return false;
      }
    }
    if (!known) return false;
  }
  return true;
}

Status Reader::read_unevaluated(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  for (std::string_view keyword : {"unevaluatedProperties", "unevaluatedItems"}) {
    const Json* value = since(Draft::k2019) ? object.if_contains(keyword) : nullptr;
    if (value == nullptr || *value == true) continue;
    bool of_keys = keyword == "unevaluatedProperties";
    TRY_ASSIGN(Literal rest, schema_at(here, *value, keyword));
    std::vector<Evaluated> cases;
    TRY_ASSIGN(bool known, evaluated_by(here, true, 0, cases));
    if (!known) {
      give_up(here, keyword, of_keys ? kObject : kArray,
              "what is left depends on too many of the other schemas, or on one that is not known", out);
      continue;
    }
    Literals arms;
    for (Evaluated& each : cases) {
      if (of_keys && !each.all_keys) {
        each.keys.additional = rest;
        auto& keys = each.keys.properties;
        std::sort(keys.begin(), keys.end());
        keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
        each.given.push_back(formulas_.atom({std::move(each.keys), here.path, std::string(keyword)}));
      } else if (!of_keys && !each.all_items) {
        ItemsAtom atom{Literals(each.prefix, kTrue), kTrue};
        each.contained.push_back(rest);
        atom.rest = formulas_.disjunction(each.contained);
        each.given.push_back(formulas_.atom({std::move(atom), here.path, std::string(keyword)}));
      }
      arms.push_back(formulas_.conjunction(std::move(each.given)));
    }
    out.push_back(formulas_.disjunction(std::move(arms)));
  }
  return {};
}

}  // namespace weft::schema
