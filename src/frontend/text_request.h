// A generation request and its answer in text, as every protocol's door sees them. Doors translate their wire format to
// and from these records; TextService does the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "frontend/tool_calls/answer_parts.h"
#include "grammar/compile.h"
#include "request/ids.h"
#include "request/token_event.h"

namespace weft {

// Messages to render by the model's chat template.
struct ChatPrompt {
  JsonArray messages;  // OpenAI's form: role, content (text or parts), name, tool_calls, ...
  std::optional<JsonArray> tools;
  std::optional<JsonArray> documents;
  bool add_generation_prompt = true;
  bool continue_final_message = false;
  JsonObject template_arguments;             // chat_template_kwargs
  std::optional<std::string> chat_template;  // in place of the model's; only from a trusted client
  bool add_special_tokens = false;           // what the tokenizer adds; templates write theirs themselves
};

// Text to continue as it is. Special tokens of the model are added in front when add_special_tokens says so.
struct TextPrompt {
  std::string text;
  bool add_special_tokens = true;
};

struct TokenPrompt {
  std::vector<TokenId> ids;
};

// Whether the answer may or must call tools of the prompt.
enum class ToolChoice { kNone, kAuto, kRequired, kNamed };

// What the answer must look like, and the request's field that says so, for errors.
struct RequiredStructure {
  GrammarSpec spec;
  std::string field;
};

// Unset options take the model's generation_config, then the protocol-neutral default of SamplingParams.
struct TextRequest {
  std::variant<ChatPrompt, TextPrompt, TokenPrompt> prompt;
  std::optional<double> temperature, top_p, min_p, repetition_penalty;
  std::optional<int64_t> top_k;
  double presence_penalty = 0;
  double frequency_penalty = 0;
  std::vector<std::pair<int64_t, double>> logit_bias;
  std::optional<int64_t> seed;  // unset: a fresh random one
  int64_t n = 1;
  std::optional<int64_t> max_tokens;          // unset: default_max_tokens, or all the room there is
  std::optional<int64_t> default_max_tokens;  // what this door takes for an unset max_tokens; unset: all the room
  int64_t min_tokens = 0;
  std::vector<std::string> stop;
  std::vector<int64_t> stop_token_ids;
  bool include_stop_str_in_output = false;
  bool ignore_eos = false;
  bool skip_special_tokens = true;
  std::optional<int64_t> num_logprobs;            // 0: of the sampled token only; k: and the k most likely
  bool echo = false;                              // the prompt's text (and log-probabilities) before the output
  std::optional<int64_t> truncate_prompt_tokens;  // at most so many of the prompt's tokens; -1: all there is room for
  bool truncate_left = true;                      // keeps the prompt's end; false: its beginning
  int64_t priority = 0;
  std::string cache_salt;
  std::optional<RequiredStructure> structure;  // not together with a tool choice other than kNone
  ToolChoice tool_choice = ToolChoice::kNone;
  std::string tool_name;            // of kNamed
  bool parallel_tool_calls = true;  // false: one call at most
  bool include_reasoning = true;    // false: reasoning is dropped
};

// One token of the output as text: what logprobs and return_token_ids report.
struct TokenText {
  TokenId id = 0;
  std::string bytes;  // what the token stands for, not always valid UTF-8 by itself
  float logprob = 0;
  std::vector<std::pair<TokenLogprob, std::string>> top;  // with bytes
  bool has_logprob = false;                               // false for the first token of a prompt
};

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t cached_tokens = 0;
  int64_t reasoning_tokens = 0;  // of completion_tokens
};

// Part of one choice's answer. Concatenated `text` of all deltas is the choice's text; each is valid UTF-8 (I17), and
// no part of a stop string is ever in it (I18). A chat's text is without its reasoning and calls, which stand beside
// it.
struct TextDelta {
  int32_t choice = 0;
  std::string text;
  std::string reasoning;
  std::vector<ToolCallDelta> calls;
  std::vector<TokenText> tokens;  // whose text is in this delta or was swallowed before it; all tokens in the end
  FinishReason finish = FinishReason::kNone;
  bool ends_with_calls = false;  // with kStop: the choice called tools, and every call is complete
  std::variant<std::monostate, std::string, TokenId> stop_reason;  // the stop string or stop token id that matched
};

// Sent once, before the first delta.
struct TextStart {
  std::vector<TokenId> prompt_ids;
  uint64_t seed = 0;
  std::vector<UnenforcedKeyword> unenforced;  // keywords of a schema that was not strict, and that the answer may break
};

// After the last delta of the last choice.
struct TextEnd {
  Usage usage;
};

// kInvalidValue, kQueueFull, ... before the start, or kNumericError, kInternalError, ... later; nothing follows it.
using TextEvent = std::variant<TextStart, TextDelta, TextEnd, Error>;

}  // namespace weft
