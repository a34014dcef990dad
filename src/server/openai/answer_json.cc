#include "server/openai/answer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json.h"

namespace weft {
namespace {

constexpr float kLowestLogprob = -9999.0f;

void separate(std::string& out) {
  if (!out.empty() && out.back() != '[') out += ',';
}

std::string_view finish_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "\"stop\"";
    case FinishReason::kLength:
      return "\"length\"";
    case FinishReason::kAbort:
      return "\"abort\"";
    case FinishReason::kNone:
      break;
  }
  return "null";
}

void append_token_fields(std::string& out, std::string_view bytes, float logprob) {
  out += R"({"token":)";
  append_json_string(out, bytes);
  out += R"(,"logprob":)";
  append_logprob(out, logprob);
  out += R"(,"bytes":[)";
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out += ',';
    out += std::to_string(static_cast<unsigned char>(bytes[i]));
  }
  out += ']';
}

}  // namespace

std::string render_answer_head(const AnswerHead& head, std::string_view object) {
  std::string out = R"({"id":)";
  append_json_string(out, head.id);
  out += fmt::format(R"(,"object":"{}","created":{},"model":)", object, head.created);
  append_json_string(out, head.model);
  return out + R"(,"service_tier":null,"system_fingerprint":null,)";
}

void append_usage(std::string& out, const Usage& usage) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                 R"("prompt_tokens_details":{{"cached_tokens":{}}})",
                 usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens + usage.completion_tokens,
                 usage.cached_tokens);
  if (usage.reasoning_tokens > 0) {
    fmt::format_to(std::back_inserter(out), R"(,"completion_tokens_details":{{"reasoning_tokens":{}}})",
                   usage.reasoning_tokens);
  }
  out += '}';
}

void append_finish(std::string& out, const TextDelta& delta, bool names_function) {
  out += R"("finish_reason":)";
  out += delta.ends_with_calls && !names_function ? R"("tool_calls")" : finish_name(delta.finish);
  out += R"(,"stop_reason":)";
  if (const auto* text = std::get_if<std::string>(&delta.stop_reason)) {
    append_json_string(out, *text);
  } else if (const auto* token = std::get_if<TokenId>(&delta.stop_reason)) {
    out += std::to_string(*token);
  } else {
    out += "null";
  }
}

void append_call(std::string& out, const ToolCallDelta& call, bool with_index) {
  separate(out);
  out += '{';
  if (with_index) fmt::format_to(std::back_inserter(out), R"("index":{},)", call.index);
  if (!call.id.empty()) {
    out += R"("id":)";
    append_json_string(out, call.id);
    out += R"(,"type":"function",)";
  }
  out += R"("function":{)";
  if (!call.id.empty()) {
    out += R"("name":)";
    append_json_string(out, call.name);
    out += ',';
  }
  out += R"("arguments":)";
  append_json_string(out, call.arguments);
  out += "}}";
}

void append_unenforced(std::string& out, std::span<const UnenforcedKeyword> keywords) {
  if (keywords.empty()) return;
  out += R"(,"structured_output":{"unenforced":[)";
  for (const UnenforcedKeyword& keyword : keywords) {
    separate(out);
    out += R"({"path":)";
    append_json_string(out, keyword.path);
    out += R"(,"keyword":)";
    append_json_string(out, keyword.keyword);
    out += R"(,"reason":)";
    append_json_string(out, keyword.reason);
    out += '}';
  }
  out += "]}";
}

void append_token_id(std::string& out, TokenId id) {
  separate(out);
  fmt::format_to(std::back_inserter(out), "{}", id);
}

void append_logprob(std::string& out, float logprob) {
  // Not a number can't come from a model that is checked for it; it must not come out of the JSON writer either.
  float shown = logprob >= kLowestLogprob ? std::min(logprob, 0.0f) : kLowestLogprob;
  fmt::format_to(std::back_inserter(out), "{}", shown);
}

void append_chat_logprob(std::string& out, const TokenText& token) {
  separate(out);
  append_token_fields(out, token.bytes, token.logprob);
  out += R"(,"top_logprobs":[)";
  for (const auto& [top, bytes] : token.top) {
    separate(out);
    append_token_fields(out, bytes, top.logprob);
    out += '}';
  }
  out += "]}";
}

}  // namespace weft
