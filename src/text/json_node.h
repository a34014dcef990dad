// A value in a large JSON file (simdjson), with the place where it stands for error messages.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weft {

// A view; the parser must outlive it. Errors of wrong types are kCorruptFile and name the place.
class JsonNode {
 public:
  JsonNode(simdjson::dom::element value, std::string place) : value_(value), place_(std::move(place)) {}

  const std::string& place() const { return place_; }
  bool is_null() const { return value_.is_null(); }

  // A member that is there and not null; nothing otherwise.
  std::optional<JsonNode> find(std::string_view key) const;
  Result<JsonNode> at(std::string_view key) const;
  JsonNode element(simdjson::dom::element value, size_t index) const;

  Result<simdjson::dom::object> object() const;
  Result<simdjson::dom::array> array() const;
  Result<std::string_view> text() const;
  Result<int64_t> integer() const;
  Result<bool> boolean() const;
  Result<double> real() const;  // integers convert

  Result<std::string_view> text_at(std::string_view key) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;

  Error wrong(std::string_view wanted) const;
  Error unsupported(std::string_view what) const;

 private:
  simdjson::dom::element value_;
  std::string place_;
};

}  // namespace weft
