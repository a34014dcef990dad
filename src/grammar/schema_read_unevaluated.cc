// unevaluatedProperties and unevaluatedItems, where what has been evaluated does not depend on the value.
#include <algorithm>
#include <unordered_set>

#include "grammar/schema_json.h"
#include "grammar/schema_reader.h"

namespace weft::schema {

struct Reader::Evaluated {
  PropertiesAtom keys;  // their schemas say nothing
  size_t prefix = 0;    // items
  bool all_keys = false, all_items = false;
  bool keys_vary = false, items_vary = false;  // with the value
  struct Step {
    Location here;
    bool conditional;  // applies to some values only
  };
  std::vector<Step> pending;
};

// What one schema object evaluates by itself. `is_top`: the one that holds the keyword in question.
Status Reader::note_evaluated(const Location& here, bool is_top, Evaluated& evaluated) {
  const JsonObject& object = here.value->get_object();
  auto has = [&](std::string_view keyword) { return object.if_contains(keyword) != nullptr; };
  for (std::string_view keyword : {"properties", "patternProperties"}) {
    const Json* value = object.if_contains(keyword);
    if (value == nullptr || !value->is_object()) continue;
    auto& keys = keyword == "properties" ? evaluated.keys.properties : evaluated.keys.patterns;
    for (const auto& member : value->get_object()) keys.emplace_back(std::string(member.key()), kTrue);
  }
  if (has("additionalProperties") || (!is_top && has("unevaluatedProperties"))) evaluated.all_keys = true;
  const Json* items = object.if_contains("items");
  const Json* prefix =
      since(Draft::k2020) && !(items != nullptr && items->is_array()) ? object.if_contains("prefixItems") : items;
  if (prefix != nullptr && prefix->is_array())
    evaluated.prefix = std::max(evaluated.prefix, prefix->get_array().size());
  bool rest = items != nullptr && (!items->is_array() || has("additionalItems"));
  if (rest || (!is_top && has("unevaluatedItems"))) evaluated.all_items = true;
  if (has("contains") && since(Draft::k2020)) evaluated.items_vary = true;
  return {};
}

Result<Reader::Evaluated> Reader::evaluated_by(const Location& top) {
  Evaluated sure, maybe;
  std::unordered_set<const Json*> seen[2];
  std::vector<Evaluated::Step> pending{{top, false}};
  while (!pending.empty()) {
    auto [here, conditional] = std::move(pending.back());
    pending.pop_back();
    if (!here.value->is_object() || !seen[conditional ? 1 : 0].insert(here.value).second) continue;
    TRY(note_evaluated(here, here.value == top.value, conditional ? maybe : sure));
    const JsonObject& object = here.value->get_object();
    for (const auto& [keyword, value] : object) {
      if (keyword == "$ref" && is_string(value)) {
        Result<Location> target = document_.resolve(here, string_text(value));
        if (target) pending.push_back({*target, conditional});
        if (!target) maybe.keys_vary = maybe.items_vary = true;
      } else if (keyword == "$dynamicRef" || keyword == "$recursiveRef") {
        maybe.keys_vary = maybe.items_vary = true;
      } else if ((keyword == "allOf" || keyword == "anyOf" || keyword == "oneOf") && value.is_array()) {
        bool always = keyword == "allOf" || value.get_array().size() == 1;
        for (const Json& arm : value.get_array()) {
          pending.push_back({document_.child(here, arm, keyword), conditional || !always});
        }
      } else if (keyword == "if" || keyword == "then" || keyword == "else") {
        pending.push_back({document_.child(here, value, keyword), true});
      } else if ((keyword == "dependentSchemas" || keyword == "dependencies") && value.is_object()) {
        for (const auto& [key, arm] : value.get_object()) pending.push_back({document_.child(here, arm, key), true});
      }
    }
  }
  bool more_keys = maybe.all_keys || !maybe.keys.properties.empty() || !maybe.keys.patterns.empty();
  sure.keys_vary = maybe.keys_vary || (more_keys && !sure.all_keys);
  sure.items_vary = sure.items_vary || maybe.items_vary || maybe.all_items || maybe.prefix > sure.prefix;
  return sure;
}

Status Reader::read_unevaluated(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  const Json* properties = since(Draft::k2019) ? object.if_contains("unevaluatedProperties") : nullptr;
  const Json* items = since(Draft::k2019) ? object.if_contains("unevaluatedItems") : nullptr;
  if (properties == nullptr && items == nullptr) return {};
  TRY_ASSIGN(Evaluated evaluated, evaluated_by(here));
  constexpr const char* kVaries = "which parts are left depends on which of the other schemas the value satisfies";
  if (properties != nullptr && *properties != true && !evaluated.all_keys) {
    TRY_ASSIGN(evaluated.keys.additional, schema_at(here, *properties, "unevaluatedProperties"));
    auto& keys = evaluated.keys.properties;
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    if (evaluated.keys_vary) {
      give_up(here, "unevaluatedProperties", kObject, kVaries, out);
    } else {
      out.push_back(formulas_.atom({std::move(evaluated.keys), here.path, "unevaluatedProperties"}));
    }
  }
  if (items != nullptr && *items != true && !evaluated.all_items) {
    ItemsAtom atom{Literals(evaluated.prefix, kTrue), kTrue};
    TRY_ASSIGN(atom.rest, schema_at(here, *items, "unevaluatedItems"));
    if (evaluated.items_vary) {
      give_up(here, "unevaluatedItems", kArray, kVaries, out);
    } else {
      out.push_back(formulas_.atom({std::move(atom), here.path, "unevaluatedItems"}));
    }
  }
  return {};
}

}  // namespace weft::schema
