#include "server/openai/chat.h"

#include <algorithm>
#include <ctime>

#include "server/openai/chat_answer.h"
#include "server/openai/request_fields.h"
#include "server/openai/tool_fields.h"

namespace weft {
namespace {

constexpr size_t kMaxMessages = 2048;
constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
// What a template may look at, and what OpenAI's clients send back from an answer that means nothing to it.
constexpr std::string_view kMessageFields[] = {"role",      "content",          "name", "tool_calls", "tool_call_id",
                                               "reasoning", "reasoning_content"};
constexpr std::string_view kIgnoredMessageFields[] = {"refusal", "annotations", "audio", "function_call"};

struct ChatBody : GenerationBody {
  ChatPrompt prompt;
  ToolFields tools;
  bool has_messages = false;
  std::optional<int64_t> top_logprobs;
};

template <size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Error unsupported(std::string param, std::string_view what) {
  Error error = make_error(ErrorCode::kUnsupported, "{}", what);
  error.param = std::move(param);
  return error;
}

Status check_part(const std::string& param, const Json& part) {
  TRY_ASSIGN(const JsonObject* object, read_object(param, part));
  const Json* type = object->if_contains("type");
  if (type == nullptr) return param_error(param + ".type", "A content part needs a type; \"text\" is the one allowed.");
  TRY_ASSIGN(std::string name, read_string(param + ".type", *type));
  if (name != "text") {
    return unsupported(param + ".type", "This model takes text only; a content part must have the type \"text\".");
  }
  const Json* text = object->if_contains("text");
  if (text == nullptr) return param_error(param + ".text", "A text part needs a text.");
  TRY(read_string(param + ".text", *text));
  return {};
}

Status check_content(const std::string& param, const Json* content, bool required) {
  if (content == nullptr) {
    return required ? param_error(param, "The message has no content; give a string or a list of text parts.")
                    : Status();
  }
  if (content->is_string()) return {};
  if (!content->is_array()) return param_error(param, "content must be a string or a list of text parts.");
  const JsonArray& parts = content->get_array();
  for (size_t i = 0; i < parts.size(); ++i) TRY(check_part(fmt::format("{}[{}]", param, i), parts[i]));
  return {};
}

// An empty list is none, as clients send back from an answer without calls.
Status read_calls(const std::string& param, std::string_view role, JsonObject& message) {
  const Json* given = message.if_contains("tool_calls");
  if (given == nullptr) return {};
  TRY_ASSIGN(JsonArray calls, read_message_calls(param + ".tool_calls", *given));
  if (calls.empty()) {
    message.erase("tool_calls");
    return {};
  }
  if (role != "assistant") return param_error(param + ".tool_calls", "Only an assistant's message has tool_calls.");
  message["tool_calls"] = std::move(calls);
  return {};
}

// Templates look at reasoning_content; vLLM's later name is reasoning.
void name_reasoning(JsonObject& message) {
  const Json* reasoning = message.if_contains("reasoning");
  if (reasoning != nullptr && !message.contains("reasoning_content")) message["reasoning_content"] = Json(*reasoning);
}

// The message without nulls and without what means nothing to a template.
Result<JsonObject> read_message(const std::string& param, const Json& value) {
  TRY_ASSIGN(const JsonObject* given, read_object(param, value));
  JsonObject message;
  for (const auto& member : *given) {
    std::string_view name(member.key().data(), member.key().size());
    if (member.value().is_null() || contains(kIgnoredMessageFields, name)) continue;
    if (!contains(kMessageFields, name)) {
      std::string shown(name.substr(0, 64));
      return param_error(param + "." + shown, "'{}' is not a field of a message.", shown);
    }
    message[member.key()] = member.value();
  }
  const Json* role = message.if_contains("role");
  if (role == nullptr) return param_error(param + ".role", "The message has no role.");
  TRY_ASSIGN(std::string role_name, read_string(param + ".role", *role));
  if (!contains(kRoles, role_name)) {
    return param_error(param + ".role", "The roles are system, developer, user, assistant and tool.");
  }
  if (role_name == "developer") message["role"] = "system";  // OpenAI's later name; templates know the first
  for (std::string_view text : {"name", "tool_call_id", "reasoning", "reasoning_content"}) {
    if (const Json* field = message.if_contains(text)) TRY(read_string(fmt::format("{}.{}", param, text), *field));
  }
  TRY(read_calls(param, role_name, message));
  bool needs_content = !message.contains("tool_calls");
  TRY(check_content(param + ".content", message.if_contains("content"), needs_content));
  if (!message.contains("content")) message["content"] = nullptr;
  name_reasoning(message);
  return message;
}

Status read_messages(std::string_view name, const Json& value, ChatBody& body) {
  TRY_ASSIGN(const JsonArray* messages, read_array(name, value));
  if (messages->empty()) return param_error(name, "messages is empty; a chat needs at least one message.");
  if (messages->size() > kMaxMessages) {
    return param_error(name, "There are {} messages; at most {} are allowed.", messages->size(), kMaxMessages);
  }
  body.has_messages = true;
  for (size_t i = 0; i < messages->size(); ++i) {
    TRY_ASSIGN(JsonObject message, read_message(fmt::format("{}[{}]", name, i), (*messages)[i]));
    body.prompt.messages.push_back(std::move(message));
  }
  return {};
}

Status read_flag(bool& target, std::string_view name, const Json& value) {
  TRY_ASSIGN(target, read_bool(name, value));
  return {};
}

Status read_template_arguments(std::string_view name, const Json& value, ChatBody& body) {
  TRY_ASSIGN(const JsonObject* arguments, read_object(name, value));
  // Names that the renderer itself sets; a client must not replace them.
  for (std::string_view reserved : {"messages", "tools", "documents", "add_generation_prompt", "continue_final_message",
                                    "chat_template", "tokenize", "bos_token", "eos_token"}) {
    if (!arguments->contains(reserved)) continue;
    return param_error(fmt::format("{}.{}", name, reserved), "'{}' can't be set through chat_template_kwargs.",
                       reserved);
  }
  body.prompt.template_arguments = *arguments;
  return {};
}

// Texts for the template to present; what is in one is between client and template.
Status read_documents(std::string_view name, const Json& value, ChatBody& body) {
  TRY_ASSIGN(const JsonArray* documents, read_array(name, value));
  for (size_t i = 0; i < documents->size(); ++i) {
    TRY(read_object(fmt::format("{}[{}]", name, i), (*documents)[i]));
  }
  body.prompt.documents = *documents;
  return {};
}

// A template is a program, so the operator decides whether clients may bring one.
Status check_template(const OpenAiContext& context, const ChatPrompt& prompt) {
  if (!prompt.chat_template || context.trust_request_chat_template) return {};
  return param_error("chat_template",
                     "This server takes no chat templates from clients; 'weft serve --trust-request-chat-template' "
                     "allows it.");
}

using Name = std::string_view;
using Value = const Json&;

constexpr BodyField<ChatBody> kChatFields[] = {
    {"messages", read_messages},
    {"tools", [](Name n, Value v, ChatBody& b) { return read_tools(n, v, b.tools); }},
    {"tool_choice", [](Name n, Value v, ChatBody& b) { return read_tool_choice(n, v, b.tools); }},
    {"parallel_tool_calls",
     [](Name n, Value v, ChatBody& b) { return read_flag(b.request.parallel_tool_calls, n, v); }},
    {"include_reasoning", [](Name n, Value v, ChatBody& b) { return read_flag(b.request.include_reasoning, n, v); }},
    {"logprobs", [](Name n, Value v, ChatBody& b) { return read_flag(b.logprobs, n, v); }},
    {"top_logprobs",
     [](Name n, Value v, ChatBody& b) -> Status {
       TRY_ASSIGN(b.top_logprobs, read_integer(n, v));
       if (*b.top_logprobs >= 0) return {};
       return param_error(n, "top_logprobs must not be negative; it is {}.", *b.top_logprobs);
     }},
    {"max_completion_tokens",
     [](Name n, Value v, ChatBody& b) -> Status {
       TRY_ASSIGN(b.request.max_tokens, read_integer(n, v));
       b.max_tokens_field = n;
       return {};
     }},
    {"add_generation_prompt",
     [](Name n, Value v, ChatBody& b) { return read_flag(b.prompt.add_generation_prompt, n, v); }},
    {"continue_final_message",
     [](Name n, Value v, ChatBody& b) { return read_flag(b.prompt.continue_final_message, n, v); }},
    {"chat_template_kwargs", read_template_arguments},
    {"documents", read_documents},
    {"chat_template",
     [](Name n, Value v, ChatBody& b) -> Status {
       TRY_ASSIGN(b.prompt.chat_template, read_string(n, v));
       return {};
     }},
    {"add_special_tokens", [](Name n, Value v, ChatBody& b) { return read_flag(b.prompt.add_special_tokens, n, v); }},
};

Status check_chat(const JsonObject& object, ChatBody& body) {
  if (!body.has_messages) return param_error("messages", "The request has no messages.");
  auto has = [&](std::string_view name) {
    const Json* value = object.if_contains(name);
    return value != nullptr && !value->is_null();
  };
  if (has("max_tokens") && has("max_completion_tokens") &&
      *object.if_contains("max_tokens") != *object.if_contains("max_completion_tokens")) {
    return param_error("max_tokens", "max_tokens and max_completion_tokens mean the same and differ; send one.");
  }
  if (body.top_logprobs && !body.logprobs) {
    return param_error("top_logprobs", "top_logprobs needs \"logprobs\": true.");
  }
  if (body.logprobs) body.request.num_logprobs = body.top_logprobs.value_or(0);
  TRY(apply_tools(std::move(body.tools), body.prompt, body.request));
  if (!body.prompt.continue_final_message) return {};
  if (body.prompt.add_generation_prompt && has("add_generation_prompt")) {
    return param_error("continue_final_message",
                       "continue_final_message and add_generation_prompt exclude each other.");
  }
  body.prompt.add_generation_prompt = false;
  return {};
}

Result<ChatBody> read_chat(const OpenAiContext& context, const JsonObject& object) {
  ChatBody body;
  TRY(read_body(object, std::span<const BodyField<ChatBody>>(kChatFields), body));
  TRY(check_chat(object, body));
  TRY(check_template(context, body.prompt));
  return body;
}

}  // namespace

Result<ChatPrompt> read_chat_prompt(const OpenAiContext& context, const JsonObject& object) {
  TRY_ASSIGN(ChatBody body, read_chat(context, object));
  return std::move(body.prompt);
}

Result<PreparedGeneration> prepare_chat(const OpenAiContext& context, std::string_view text,
                                        const std::string& request_id) {
  TRY_ASSIGN(JsonObject object, parse_body(text));
  TRY_ASSIGN(ChatBody body, read_chat(context, object));
  TRY_ASSIGN(std::string model, find_model(context, body.model));
  PreparedGeneration prepared;
  prepared.writer = std::make_unique<ChatAnswer>(AnswerHead{"chatcmpl-" + request_id, time(nullptr), model}, body);
  prepared.stream = body.stream;
  prepared.field_names = {{"prompt", "messages"}, {"max_tokens", body.max_tokens_field}};
  body.request.prompt = std::move(body.prompt);
  prepared.requests.push_back(std::move(body.request));
  return prepared;
}

}  // namespace weft
