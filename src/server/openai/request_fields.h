// Reading a JSON request body by tables: each known field has one reader, everything else is refused by name. An
// explicit null counts as absent.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "frontend/text_request.h"
#include "server/openai/structure_fields.h"

namespace weft {

// Typed values; the error names `param` and says what was expected. Whole numbers may be written as 3 or 3.0.
Result<bool> read_bool(std::string_view param, const Json& value);
Result<int64_t> read_integer(std::string_view param, const Json& value);
Result<double> read_number(std::string_view param, const Json& value);
Result<std::string> read_string(std::string_view param, const Json& value);
Result<const JsonArray*> read_array(std::string_view param, const Json& value);
Result<const JsonObject*> read_object(std::string_view param, const Json& value);
Result<std::vector<int64_t>> read_integers(std::string_view param, const Json& value, size_t max_size);

// What both generation routes share. `request` has all but its prompt.
struct GenerationBody {
  TextRequest request;
  std::string model;  // empty: the client named none
  bool stream = false;
  bool has_stream_options = false;
  bool include_usage = false;
  bool continuous_usage = false;
  bool return_token_ids = false;
  bool logprobs = false;
  StructureFields structure;                    // becomes the request's by read_body()
  std::string max_tokens_field = "max_tokens";  // as the client spelt it
};

template <class Body>
struct BodyField {
  std::string_view name;
  Status (*read)(std::string_view name, const Json& value, Body& body);
};

// A field that would do nothing yet. `harmless` is the value (as JSON) that asks for what happens anyway; empty: none,
// "any": all. A name may be listed with several.
struct UnsupportedField {
  std::string_view name;
  std::string_view harmless;
};

// Fields of OpenAI's API that don't change an answer here.
bool is_ignored_field(std::string_view name);

// Reads one field that both routes have; false when `name` is none of them.
Result<bool> read_shared_field(std::string_view name, const Json& value, GenerationBody& body);

// kUnsupported for a field that exists elsewhere in the OpenAI and vLLM APIs, kInvalidValue for one that nobody knows.
Status refuse_field(std::string_view name, const Json& value);

// Rules between fields.
Status check_shared_fields(GenerationBody& body);

// Fields that hold schemas may be nested deeper than the rest of a body.
bool holds_schema(std::string_view field);

// Walks the members of `object` through the route's own table, then the shared ones, then the refusals.
template <class Body>
Status read_body(const JsonObject& object, std::span<const BodyField<Body>> own_fields, Body& body) {
  for (const auto& member : object) {
    std::string_view name(member.key().data(), member.key().size());
    const Json& value = member.value();
    if (value.is_null() || is_ignored_field(name)) continue;
    const BodyField<Body>* own = nullptr;
    for (const BodyField<Body>& field : own_fields) {
      if (field.name == name) own = &field;
    }
    if (own != nullptr) {
      TRY(own->read(name, value, body));
      continue;
    }
    TRY_ASSIGN(bool known, read_shared_field(name, value, body));
    if (!known) TRY(refuse_field(name, value));
  }
  return check_shared_fields(body);
}

// The body as a JSON object within the limits of request bodies.
Result<JsonObject> parse_body(std::string_view text);

}  // namespace weft
