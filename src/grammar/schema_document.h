// A schema document: where its parts are, what identifies them, and what a `$ref` points to.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/json.h"

namespace weft::schema {

enum class Draft { kDraft4, kDraft6, kDraft7, k2019, k2020, kUnion };  // kUnion: no `$schema`, every draft's keywords

// One place in the document. Borrows the document's JSON.
struct Location {
  const Json* value = nullptr;
  std::string path;      // JSON pointer from the document's root
  int32_t resource = 0;  // whose base URI holds here
};

class Document {
 public:
  // `root` has to stay where it is. kInvalidValue: identifiers that aren't strings, an unknown `$schema`.
  static Result<Document> index(const Json& root);

  Draft draft() const { return draft_; }
  Location root() const { return {root_, "", resource_at(*root_, 0)}; }
  // The part of `parent` that is `value`, under `token` and, where the keyword holds several, `inner`.
  Location child(const Location& parent, const Json& value, std::string_view token) const;
  Location child(const Location& parent, const Json& value, std::string_view token, std::string_view inner) const;

  // What `reference` means at `from`. kUnsupported: outside the document. kInvalidValue: there is nothing.
  Result<Location> resolve(const Location& from, std::string_view reference) const;
  // `$dynamicRef`, `$recursiveRef`: kUnsupported where the target depends on the way by which it is reached.
  Result<Location> resolve_dynamic(const Location& from, std::string_view reference) const;
  Result<Location> resolve_recursive(const Location& from) const;

 private:
  struct Resource {
    std::string uri;  // without fragment
    Location place;
  };
  struct Pending;
  Status visit(const Location& here, std::vector<Location>& pending);
  Status read_draft(const Json& root);
  int32_t resource_at(const Json& value, int32_t otherwise) const;
  Result<Location> walk(const Location& start, std::string_view pointer, std::string_view reference) const;

  const Json* root_ = nullptr;
  Draft draft_ = Draft::kUnion;
  std::vector<Resource> resources_;
  std::unordered_map<const Json*, int32_t> resource_of_;
  std::unordered_map<std::string, int32_t> by_uri_;
  std::unordered_map<std::string, Location> anchors_;         // "uri#name"
  std::unordered_map<std::string, int32_t> dynamic_anchors_;  // name: how many there are
  std::unordered_set<std::string> dynamic_uris_;              // "uri#name" of those
  bool recursive_anchor_ = false;
};

// The keywords whose value is a schema, an array of schemas (or one schema), an object of schemas.
bool holds_schema(std::string_view keyword);
bool holds_schema_array(std::string_view keyword);
bool holds_schema_map(std::string_view keyword);

}  // namespace weft::schema
