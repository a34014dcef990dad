#include "server/openai/completions.h"

#include <ctime>
#include <limits>

#include "server/openai/completion_answer.h"
#include "server/openai/request_fields.h"

namespace weft {
namespace {

constexpr size_t kMaxPrompts = 32;
constexpr int64_t kDefaultMaxTokens = 16;

using Prompt = std::variant<ChatPrompt, TextPrompt, TokenPrompt>;

struct CompletionBody : GenerationBody {
  std::vector<Prompt> prompts;
  std::optional<int64_t> best_of;
  bool add_special_tokens = true;
};

Status read_token_prompt(const std::string& param, const Json& value, Prompt& out) {
  TRY_ASSIGN(std::vector<int64_t> ids, read_integers(param, value, std::numeric_limits<size_t>::max()));
  if (ids.empty()) return param_error(param, "The prompt is empty; it needs at least one token.");
  TokenPrompt& prompt = out.emplace<TokenPrompt>();
  prompt.ids.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] > std::numeric_limits<TokenId>::max()) {
      return param_error(fmt::format("{}[{}]", param, i), "{} is not a token id of any model.", ids[i]);
    }
    prompt.ids.push_back(static_cast<TokenId>(ids[i]));
  }
  return {};
}

Status read_one_prompt(const std::string& param, const Json& value, Prompt& out) {
  if (value.is_string()) {
    out.emplace<TextPrompt>().text = value.get_string();
    return {};
  }
  if (value.is_array()) return read_token_prompt(param, value, out);
  return param_error(param, "A prompt is a string or a list of token ids.");
}

Status read_prompt(std::string_view name, const Json& value, CompletionBody& body) {
  // A list of numbers is one prompt in tokens; any other list holds one prompt per entry.
  bool is_list = value.is_array() && !value.get_array().empty() && !value.get_array().front().is_number();
  if (!is_list) return read_one_prompt(std::string(name), value, body.prompts.emplace_back());
  const JsonArray& items = value.get_array();
  if (items.size() > kMaxPrompts) {
    return param_error(name, "There are {} prompts; at most {} are allowed in one request.", items.size(), kMaxPrompts);
  }
  for (size_t i = 0; i < items.size(); ++i) {
    TRY(read_one_prompt(fmt::format("{}[{}]", name, i), items[i], body.prompts.emplace_back()));
  }
  return {};
}

Status read_logprobs(std::string_view name, const Json& value, CompletionBody& body) {
  if (value.is_bool() && !value.get_bool()) return {};  // some clients send chat's form
  TRY_ASSIGN(int64_t count, read_integer(name, value));
  if (count < 0) return param_error(name, "logprobs must not be negative; it is {}.", count);
  body.logprobs = true;
  body.request.num_logprobs = count;
  return {};
}

using Name = std::string_view;
using Value = const Json&;

constexpr BodyField<CompletionBody> kCompletionFields[] = {
    {"prompt", read_prompt},
    {"logprobs", read_logprobs},
    {"echo",
     [](Name n, Value v, CompletionBody& b) -> Status {
       TRY_ASSIGN(b.request.echo, read_bool(n, v));
       return {};
     }},
    {"best_of",
     [](Name n, Value v, CompletionBody& b) -> Status {
       TRY_ASSIGN(b.best_of, read_integer(n, v));
       return {};
     }},
    {"add_special_tokens",
     [](Name n, Value v, CompletionBody& b) -> Status {
       TRY_ASSIGN(bool on, read_bool(n, v));
       b.add_special_tokens = on;
       return {};
     }},
};

Status check_completion(const CompletionBody& body) {
  if (body.prompts.empty()) return param_error("prompt", "The request has no prompt.");
  if (!body.best_of || *body.best_of == body.request.n) return {};
  Error error =
      make_error(ErrorCode::kUnsupported, "best_of is not supported yet unless it equals n; it is {} and n is {}.",
                 *body.best_of, body.request.n);
  error.param = "best_of";
  return error;
}

}  // namespace

Result<PreparedGeneration> prepare_completions(const OpenAiContext& context, std::string_view text,
                                               const std::string& request_id) {
  TRY_ASSIGN(JsonObject object, parse_body(text));
  CompletionBody body;
  TRY(read_body(object, std::span<const BodyField<CompletionBody>>(kCompletionFields), body));
  TRY(check_completion(body));
  TRY_ASSIGN(std::string model, find_model(context, body.model));
  body.request.default_max_tokens = kDefaultMaxTokens;
  PreparedGeneration prepared;
  prepared.writer = std::make_unique<CompletionAnswer>(AnswerHead{"cmpl-" + request_id, time(nullptr), model}, body,
                                                       body.prompts.size());
  prepared.stream = body.stream;
  prepared.field_names = {{"top_logprobs", "logprobs"}};
  for (Prompt& prompt : body.prompts) {
    TextRequest request = body.request;
    request.prompt = std::move(prompt);
    if (auto* plain = std::get_if<TextPrompt>(&request.prompt)) plain->add_special_tokens = body.add_special_tokens;
    prepared.requests.push_back(std::move(request));
  }
  return prepared;
}

}  // namespace weft
