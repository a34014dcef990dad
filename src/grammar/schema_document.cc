#include "grammar/schema_document.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "grammar/schema_json.h"
#include "grammar/schema_uri.h"

namespace weft::schema {
namespace {

template <size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

const Json* find(const Json& object, std::string_view key) {
  return object.is_object() ? object.get_object().if_contains(key) : nullptr;
}

}  // namespace

bool holds_schema(std::string_view keyword) {
  static constexpr std::array<std::string_view, 13> kWords = {"additionalItems",
                                                              "additionalProperties",
                                                              "contains",
                                                              "else",
                                                              "if",
                                                              "items",
                                                              "not",
                                                              "propertyNames",
                                                              "then",
                                                              "unevaluatedItems",
                                                              "unevaluatedProperties",
                                                              "contentSchema",
                                                              "extends"};
  return is_one_of(keyword, kWords);
}

bool holds_schema_array(std::string_view keyword) {
  static constexpr std::array<std::string_view, 5> kWords = {"allOf", "anyOf", "oneOf", "items", "prefixItems"};
  return is_one_of(keyword, kWords);
}

bool holds_schema_map(std::string_view keyword) {
  static constexpr std::array<std::string_view, 6> kWords = {"$defs",      "definitions",       "dependencies",
                                                             "properties", "patternProperties", "dependentSchemas"};
  return is_one_of(keyword, kWords);
}

Result<Document> Document::index(const Json& root) {
  Document document;
  document.root_ = &root;
  TRY(document.read_draft(root));
  document.resources_.push_back({"", {&root, "", 0}});
  document.by_uri_.emplace("", 0);
  std::vector<Location> pending{{&root, "", 0}};
  while (!pending.empty()) {
    Location here = std::move(pending.back());
    pending.pop_back();
    TRY(document.visit(here, pending));
  }
  return document;
}

Status Document::read_draft(const Json& root) {
  const Json* schema = find(root, "$schema");
  if (schema == nullptr) return {};
  if (!is_string(*schema)) return param_error("/$schema", "\"$schema\" must be a string.");
  std::string_view uri = string_text(*schema);
  static constexpr std::array<std::pair<std::string_view, Draft>, 5> kDrafts = {{{"draft-04", Draft::kDraft4},
                                                                                 {"draft-06", Draft::kDraft6},
                                                                                 {"draft-07", Draft::kDraft7},
                                                                                 {"2019-09", Draft::k2019},
                                                                                 {"2020-12", Draft::k2020}}};
  for (const auto& [name, draft] : kDrafts) {
    if (uri.find(name) != std::string_view::npos) draft_ = draft;
  }
  return {};
}

// Notes what identifies `here` and lists the schemas right below it.
Status Document::visit(const Location& start, std::vector<Location>& pending) {
  if (!start.value->is_object()) return {};
  Location here = start;
  const JsonObject& object = here.value->get_object();
  bool only_reference = draft_ <= Draft::kDraft7 && object.if_contains("$ref") != nullptr;
  const Json* id = object.if_contains(draft_ == Draft::kDraft4 ? "id" : "$id");
  if (id != nullptr && is_string(*id) && !only_reference) {
    auto [uri, fragment] = split_fragment(string_text(*id));
    std::string base = resolve_uri(resources_[static_cast<size_t>(here.resource)].uri, uri);
    if (!uri.empty() || here.value == root_) {
      here.resource = here.value == root_ ? 0 : static_cast<int32_t>(resources_.size());
      if (here.resource == 0) {
        resources_[0].uri = base;
      } else {
        resources_.push_back({base, here});
        resources_.back().place.resource = here.resource;
      }
      resource_of_[here.value] = here.resource;
      by_uri_.emplace(base, here.resource);
    }
    if (!fragment.empty() && fragment[0] != '/') anchors_.emplace(base + "#" + std::string(fragment), here);
  }
  const std::string& base = resources_[static_cast<size_t>(here.resource)].uri;
  for (std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
    const Json* anchor = object.if_contains(keyword);
    if (anchor == nullptr || !is_string(*anchor)) continue;
    std::string name = base + "#" + std::string(string_text(*anchor));
    anchors_.emplace(name, here);
    if (keyword == "$dynamicAnchor") {
      ++dynamic_anchors_[std::string(string_text(*anchor))];
      dynamic_uris_.insert(name);
    }
  }
  const Json* recursive = object.if_contains("$recursiveAnchor");
  if (recursive != nullptr && *recursive == true && here.value != root_) recursive_anchor_ = true;
  for (const auto& [key, value] : object) {
    if (value.is_array() && holds_schema_array(key)) {
      size_t i = 0;
      for (const Json& item : value.get_array()) pending.push_back(child(here, item, key, std::to_string(i++)));
    } else if (value.is_object() && holds_schema_map(key)) {
      for (const auto& [name, item] : value.get_object()) pending.push_back(child(here, item, key, name));
    } else if (value.is_object() && holds_schema(key)) {
      pending.push_back(child(here, value, key));
    }
  }
  return {};
}

int32_t Document::resource_at(const Json& value, int32_t otherwise) const {
  auto found = resource_of_.find(&value);
  return found == resource_of_.end() ? otherwise : found->second;
}

Location Document::child(const Location& parent, const Json& value, std::string_view token) const {
  return {&value, pointer_child(parent.path, token), resource_at(value, parent.resource)};
}

Location Document::child(const Location& parent, const Json& value, std::string_view token,
                         std::string_view inner) const {
  return {&value, pointer_child(pointer_child(parent.path, token), inner), resource_at(value, parent.resource)};
}

Result<Location> Document::walk(const Location& start, std::string_view pointer, std::string_view reference) const {
  Location here = start;
  for (const std::string& token : pointer_tokens(pointer)) {
    const Json* next = nullptr;
    if (here.value->is_array()) {
      size_t i = 0;
      auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), i);
      const JsonArray& items = here.value->get_array();
      if (error == std::errc() && end == token.data() + token.size() && i < items.size()) next = &items[i];
    } else {
      next = find(*here.value, token);
    }
    if (next == nullptr) {
      return make_error(ErrorCode::kInvalidValue, "\"$ref\": \"{}\" points to nothing in the schema.", reference);
    }
    here = child(here, *next, token);
  }
  return here;
}

Result<Location> Document::resolve(const Location& from, std::string_view reference) const {
  auto [uri, fragment] = split_fragment(reference);
  std::string target = resolve_uri(resources_[static_cast<size_t>(from.resource)].uri, uri);
  std::string decoded = percent_decoded(fragment);
  auto resource = by_uri_.find(target);
  int32_t index = uri.empty() ? from.resource : resource == by_uri_.end() ? -1 : resource->second;
  if (index < 0) {
    return make_error(ErrorCode::kUnsupported, "\"{}\" is outside the schema, and nothing is fetched.", reference);
  }
  const Location& start = resources_[static_cast<size_t>(index)].place;
  if (decoded.empty()) return start;
  if (decoded[0] == '/') {
    Result<Location> found = walk(start, decoded, reference);
    // Generated schemas name every part but mean their pointers from the top.
    if (!found && uri.empty() && index != 0) return walk(resources_[0].place, decoded, reference);
    return found;
  }
  auto anchor = anchors_.find(target + "#" + decoded);
  if (anchor != anchors_.end()) return anchor->second;
  return make_error(ErrorCode::kInvalidValue, "\"$ref\": \"{}\" names no anchor of the schema.", reference);
}

Result<Location> Document::resolve_dynamic(const Location& from, std::string_view reference) const {
  TRY_ASSIGN(Location target, resolve(from, reference));
  auto [uri, fragment] = split_fragment(reference);
  std::string name = resources_[static_cast<size_t>(target.resource)].uri + "#" + std::string(fragment);
  if (dynamic_uris_.count(name) == 0 || dynamic_anchors_.at(std::string(fragment)) == 1) return target;
  return make_error(ErrorCode::kUnsupported, "its target depends on the way to it: several schemas have the anchor.");
}

Result<Location> Document::resolve_recursive(const Location& from) const {
  if (recursive_anchor_) {
    return make_error(ErrorCode::kUnsupported, "its target depends on the way to it: inner schemas are anchors too.");
  }
  return resolve(from, "#");
}

}  // namespace weft::schema
