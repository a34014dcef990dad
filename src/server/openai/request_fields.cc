#include "server/openai/request_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace weft {
namespace {

constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53

std::string_view kind_name(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

Error wrong_type(std::string_view param, std::string_view wanted, const Json& value) {
  return param_error(param, "{} must be {}; it is {}.", param, wanted, kind_name(value));
}

// Whether containers are nested more than `depth` levels. Level by level: the nesting is the client's.
bool is_deeper(const Json& value, size_t depth) {
  std::vector<const Json*> level{&value}, below;
  for (size_t i = 0; !level.empty(); ++i, level.swap(below), below.clear()) {
    for (const Json* at : level) {
      bool is_container = at->is_object() || at->is_array();
      if (is_container && i == depth) return true;
      if (at->is_object()) {
        for (const auto& member : at->get_object()) below.push_back(&member.value());
      } else if (at->is_array()) {
        for (const Json& item : at->get_array()) below.push_back(&item);
      }
    }
  }
  return false;
}

template <class Target, class Source>
Status assign(Target& target, Result<Source> source) {
  if (!source) return std::move(source).take_error();
  target = std::move(*source);
  return {};
}

Status read_stop(std::string_view name, const Json& value, GenerationBody& body) {
  auto add = [&](std::string_view param, const Json& item) -> Status {
    TRY_ASSIGN(std::string stop, read_string(param, item));
    if (stop.empty() || stop.size() > kRequestLimits.stop_bytes) {
      return param_error(param, "A stop string must have 1 to {} bytes; this one has {}.", kRequestLimits.stop_bytes,
                         stop.size());
    }
    body.request.stop.push_back(std::move(stop));
    return {};
  };
  if (value.is_string()) return value.get_string().empty() ? Status() : add(name, value);
  if (!value.is_array()) return wrong_type(name, "a string or a list of strings", value);
  const JsonArray& items = value.get_array();
  if (items.size() > kRequestLimits.stops) {
    return param_error(name, "At most {} stop strings are allowed; there are {}.", kRequestLimits.stops, items.size());
  }
  for (size_t i = 0; i < items.size(); ++i) TRY(add(fmt::format("{}[{}]", name, i), items[i]));
  return {};
}

Status read_logit_bias(std::string_view name, const Json& value, GenerationBody& body) {
  TRY_ASSIGN(const JsonObject* biases, read_object(name, value));
  if (biases->size() > kRequestLimits.logit_bias) {
    return param_error(name, "At most {} entries are allowed; there are {}.", kRequestLimits.logit_bias,
                       biases->size());
  }
  for (const auto& member : *biases) {
    std::string_view key(member.key().data(), member.key().size());
    std::string param = fmt::format("{}.{}", name, key.substr(0, 32));
    int64_t token = 0;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    if (error != std::errc() || end != key.data() + key.size()) {
      return param_error(param, "The keys of {} are token ids, whole numbers; this one is not.", name);
    }
    TRY_ASSIGN(double bias, read_number(param, member.value()));
    body.request.logit_bias.emplace_back(token, bias);
  }
  return {};
}

Status read_stream_options(std::string_view name, const Json& value, GenerationBody& body) {
  TRY_ASSIGN(const JsonObject* options, read_object(name, value));
  body.has_stream_options = true;
  for (const auto& member : *options) {
    std::string_view key(member.key().data(), member.key().size());
    std::string param = fmt::format("{}.{}", name, key.substr(0, 64));
    if (member.value().is_null()) continue;
    TRY_ASSIGN(bool on, read_bool(param, member.value()));
    if (key == "include_usage") {
      body.include_usage = on;
    } else if (key == "continuous_usage_stats") {
      body.continuous_usage = on;
    } else if (key != "include_obfuscation") {  // chunks are not padded; the option is accepted for old clients
      return param_error(param, "'{}' is not an option of streams; include_usage and continuous_usage_stats are.",
                         key.substr(0, 64));
    }
  }
  return {};
}

Status read_cache_salt(std::string_view name, const Json& value, GenerationBody& body) {
  TRY(assign(body.request.cache_salt, read_string(name, value)));
  size_t size = body.request.cache_salt.size();
  if (size >= 1 && size <= kRequestLimits.cache_salt_bytes) return {};
  return param_error(name, "{} must have 1 to {} bytes; it has {}.", name, kRequestLimits.cache_salt_bytes, size);
}

using Name = std::string_view;
using Value = const Json&;
using Body = GenerationBody&;

// Reads a field into a member of the body, or of its TextRequest.
template <auto Member, auto Read>
Status into_body(Name name, Value value, Body body) {
  return assign(body.*Member, Read(name, value));
}
template <auto Member, auto Read>
Status into_request(Name name, Value value, Body body) {
  return assign(body.request.*Member, Read(name, value));
}

template <auto Read>
Status into_structure(Name name, Value value, Body body) {
  return Read(name, value, body.structure);
}

Status read_stop_token_ids(Name name, Value value, Body body) {
  return assign(body.request.stop_token_ids, read_integers(name, value, kRequestLimits.stop_token_ids));
}

Status read_truncation_side(Name name, Value value, Body body) {
  TRY_ASSIGN(std::string side, read_string(name, value));
  if (side != "left" && side != "right") return param_error(name, "{} must be left or right.", name);
  body.request.truncate_left = side == "left";
  return {};
}

constexpr BodyField<GenerationBody> kSharedFields[] = {
    {"model", into_body<&GenerationBody::model, read_string>},
    {"temperature", into_request<&TextRequest::temperature, read_number>},
    {"top_p", into_request<&TextRequest::top_p, read_number>},
    {"top_k", into_request<&TextRequest::top_k, read_integer>},
    {"min_p", into_request<&TextRequest::min_p, read_number>},
    {"repetition_penalty", into_request<&TextRequest::repetition_penalty, read_number>},
    {"presence_penalty", into_request<&TextRequest::presence_penalty, read_number>},
    {"frequency_penalty", into_request<&TextRequest::frequency_penalty, read_number>},
    {"logit_bias", read_logit_bias},
    {"seed", into_request<&TextRequest::seed, read_integer>},
    {"n", into_request<&TextRequest::n, read_integer>},
    {"max_tokens", into_request<&TextRequest::max_tokens, read_integer>},
    {"min_tokens", into_request<&TextRequest::min_tokens, read_integer>},
    {"stop", read_stop},
    {"stop_token_ids", read_stop_token_ids},
    {"include_stop_str_in_output", into_request<&TextRequest::include_stop_str_in_output, read_bool>},
    {"ignore_eos", into_request<&TextRequest::ignore_eos, read_bool>},
    {"skip_special_tokens", into_request<&TextRequest::skip_special_tokens, read_bool>},
    {"truncate_prompt_tokens", into_request<&TextRequest::truncate_prompt_tokens, read_integer>},
    {"truncation_side", read_truncation_side},
    {"stream", into_body<&GenerationBody::stream, read_bool>},
    {"stream_options", read_stream_options},
    {"return_token_ids", into_body<&GenerationBody::return_token_ids, read_bool>},
    {"priority", into_request<&TextRequest::priority, read_integer>},
    {"cache_salt", read_cache_salt},
    {"response_format", into_structure<read_response_format>},
    {"structured_outputs", into_structure<read_structured_outputs>},
    {"guided_json", into_structure<read_guided_field>},
    {"guided_regex", into_structure<read_guided_field>},
    {"guided_choice", into_structure<read_guided_field>},
    {"guided_grammar", into_structure<read_guided_field>},
    {"guided_json_object", into_structure<read_guided_field>},
    {"guided_whitespace_pattern", into_structure<read_guided_field>},
};

constexpr std::string_view kIgnoredFields[] = {
    "guided_decoding_backend", "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key",
    "prompt_cache_retention",
};

// Fields of OpenAI's and vLLM's APIs whose effect is missing here. Silence would be a wrong answer.
constexpr UnsupportedField kUnsupportedFields[] = {
    {"tools", "[]"},
    {"tool_choice", "\"none\""},
    {"tool_choice", "\"auto\""},
    {"parallel_tool_calls", "any"},
    {"functions", "[]"},
    {"function_call", "\"none\""},
    {"use_beam_search", "false"},
    {"length_penalty", "1.0"},
    {"spaces_between_special_tokens", "any"},  // as in every fast tokenizer, decoding puts none there
    {"prompt_logprobs", ""},
    {"logprob_token_ids", "[]"},
    {"allowed_token_ids", "[]"},
    {"bad_words", "[]"},
    {"add_special_tokens", ""},
    {"documents", "[]"},
    {"chat_template", ""},
    {"media_io_kwargs", "{}"},
    {"mm_processor_kwargs", "{}"},
    {"request_id", ""},
    {"session_id", ""},
    {"return_tokens_as_token_ids", "false"},
    {"return_prompt_text", "false"},
    {"kv_transfer_params", ""},
    {"vllm_xargs", "{}"},
    {"repetition_detection", ""},
    {"stream_interval", "1"},
    {"thinking_token_budget", ""},
    {"include_reasoning", "any"},
    {"reasoning_effort", ""},
    {"modalities", "[\"text\"]"},
    {"audio", ""},
    {"prediction", ""},
    {"verbosity", ""},
    {"web_search_options", ""},
    {"suffix", "\"\""},
    {"echo", "false"},
    {"top_logprobs", ""},
    {"max_completion_tokens", ""},
    {"messages", ""},
    {"prompt", ""},
    {"add_generation_prompt", ""},
    {"continue_final_message", "false"},
    {"chat_template_kwargs", "{}"},
    {"best_of", ""},
};

}  // namespace

Result<bool> read_bool(std::string_view param, const Json& value) {
  if (value.is_bool()) return value.get_bool();
  return wrong_type(param, "true or false", value);
}

Result<int64_t> read_integer(std::string_view param, const Json& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_double() && std::trunc(value.get_double()) == value.get_double() &&
      std::abs(value.get_double()) <= kMaxExactInteger) {
    return static_cast<int64_t>(value.get_double());
  }
  if (value.is_number()) return param_error(param, "{} must be a whole number of at most 63 bits.", param);
  return wrong_type(param, "a whole number", value);
}

Result<double> read_number(std::string_view param, const Json& value) {
  if (value.is_number()) return value.to_number<double>();
  return wrong_type(param, "a number", value);
}

Result<std::string> read_string(std::string_view param, const Json& value) {
  if (value.is_string()) return std::string(value.get_string());
  return wrong_type(param, "a string", value);
}

Result<const JsonArray*> read_array(std::string_view param, const Json& value) {
  if (value.is_array()) return &value.get_array();
  return wrong_type(param, "a list", value);
}

Result<const JsonObject*> read_object(std::string_view param, const Json& value) {
  if (value.is_object()) return &value.get_object();
  return wrong_type(param, "an object", value);
}

Result<std::vector<int64_t>> read_integers(std::string_view param, const Json& value, size_t max_size) {
  TRY_ASSIGN(const JsonArray* items, read_array(param, value));
  if (items->size() > max_size) {
    return param_error(param, "{} has {} entries; at most {} are allowed.", param, items->size(), max_size);
  }
  std::vector<int64_t> integers;
  integers.reserve(items->size());
  for (const Json& item : *items) {
    if (item.is_int64()) {
      integers.push_back(item.get_int64());
      continue;
    }
    TRY_ASSIGN(int64_t integer, read_integer(fmt::format("{}[{}]", param, integers.size()), item));
    integers.push_back(integer);
  }
  return integers;
}

bool is_ignored_field(std::string_view name) {
  return std::find(std::begin(kIgnoredFields), std::end(kIgnoredFields), name) != std::end(kIgnoredFields);
}

Result<bool> read_shared_field(std::string_view name, const Json& value, GenerationBody& body) {
  for (const auto& field : kSharedFields) {
    if (field.name != name) continue;
    TRY(field.read(name, value, body));
    return true;
  }
  return false;
}

Status refuse_field(std::string_view name, const Json& value) {
  bool exists = false;
  for (const UnsupportedField& field : kUnsupportedFields) {
    if (field.name != name) continue;
    if (field.harmless == "any" || write_json(value) == field.harmless) return {};
    exists = true;
  }
  if (exists) {
    Error error = make_error(ErrorCode::kUnsupported, "'{}' is not supported on this route yet; leave it out.", name);
    error.param = name;
    return error;
  }
  std::string shown(name.substr(0, 64));
  return param_error(shown, "'{}' is not a known field; check its spelling or leave it out.", shown);
}

Status check_shared_fields(GenerationBody& body) {
  TRY_ASSIGN(body.request.structure, take_structure(std::move(body.structure)));
  if (body.has_stream_options && !body.stream) {
    return param_error("stream_options", "stream_options is allowed only together with \"stream\": true.");
  }
  return {};
}

bool holds_schema(std::string_view field) {
  constexpr std::string_view kFields[] = {"tools", "response_format", "structured_outputs", "guided_json"};
  return std::find(std::begin(kFields), std::end(kFields), field) != std::end(kFields);
}

Result<JsonObject> parse_body(std::string_view text) {
  constexpr size_t kEnvelopeDepth = 8;  // of what stands around a schema
  JsonLimits limits;
  const size_t max_depth = std::exchange(limits.max_depth, GrammarLimits().schema_depth + kEnvelopeDepth);
  TRY_ASSIGN(Json body, parse_json(text, limits));
  if (!body.is_object()) {
    return make_error(ErrorCode::kInvalidJson, "The body must be a JSON object; it is {}.", kind_name(body));
  }
  for (const auto& member : body.get_object()) {
    std::string_view name(member.key().data(), member.key().size());
    if (holds_schema(name) || !is_deeper(member.value(), max_depth - 1)) continue;
    Error error =
        make_error(ErrorCode::kInvalidJson, "'{}' is nested more than {} levels deep.", name.substr(0, 64), max_depth);
    error.param = name.substr(0, 64);
    return error;
  }
  return std::move(body.get_object());
}

}  // namespace weft
