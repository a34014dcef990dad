// The JSON pieces that whole answers and stream chunks are made of; one place, so that both say the same.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "frontend/text_request.h"

namespace weft {

// What an answer says about itself.
struct AnswerHead {
  std::string id;       // "chatcmpl-..." or "cmpl-..."
  int64_t created = 0;  // seconds since 1970
  std::string model;
};

// {"id":..,"object":..,"created":..,"model":..,"system_fingerprint":null, without a closing brace
std::string render_answer_head(const AnswerHead& head, std::string_view object);

// {"prompt_tokens":..,"completion_tokens":..,"total_tokens":..,"prompt_tokens_details":{"cached_tokens":..}}, and
// "completion_tokens_details":{"reasoning_tokens":..} where there are some.
void append_usage(std::string& out, const Usage& usage);

// "finish_reason":..,"stop_reason":.. A named function ends with "stop", as OpenAI has it, other calls with
// "tool_calls".
void append_finish(std::string& out, const TextDelta& delta, bool names_function = false);

// {"index":..,"id":..,"type":"function","function":{"name":..,"arguments":..}}, comma-separated likewise: the first
// part of a call has all, later ones index and arguments. Without `index` in a whole answer.
void append_call(std::string& out, const ToolCallDelta& call, bool with_index);

// ,"structured_output":{"unenforced":[{"path":..,"keyword":..,"reason":..}]}; nothing when all is enforced.
void append_unenforced(std::string& out, std::span<const UnenforcedKeyword> keywords);

// 1,2,3 without brackets, with a comma in front if `out` does not end with '['.
void append_token_id(std::string& out, TokenId id);

// -9999.0 stands for a log-probability of minus infinity.
void append_logprob(std::string& out, float logprob);

// Chat's form, {"token":..,"logprob":..,"bytes":[..],"top_logprobs":[..]}, comma-separated likewise.
void append_chat_logprob(std::string& out, const TokenText& token);

}  // namespace weft
