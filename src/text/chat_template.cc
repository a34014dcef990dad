#include "text/chat_template.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "text/jinja/characters.h"

namespace weft {
namespace {

constexpr std::array<std::string_view, 7> kReservedNames = {
    "messages", "tools", "documents", "add_generation_prompt", "continue_final_message", "bos_token", "eos_token"};

// Marks where the final message ends, so that what the template writes behind it can be cut off. Templates may trim
// messages, hence the blank at its end: where that survives, so did the message's own white space.
constexpr std::string_view kEndMark = "WEFT_END_OF_FINAL_MESSAGE ";

// As transformers: reasoning that comes under one of its names is there under the others that templates read.
JsonArray with_reasoning_names(JsonArray messages) {
  for (Json& message : messages) {
    JsonObject* object = message.if_object();
    if (!object) continue;
    const Json* found = nullptr;
    for (std::string_view name : {"reasoning_content", "thinking", "reasoning"}) {
      const Json* value = object->if_contains(name);
      if (!found && value && !value->is_null()) found = value;
    }
    if (!found) continue;
    Json reasoning = *found;
    JsonObject named;
    named["thinking"] = reasoning;
    for (auto& member : *object) named[member.key()] = std::move(member.value());
    named["reasoning_content"] = std::move(reasoning);
    *object = std::move(named);
  }
  return messages;
}

// The text of the last message: its content, or the last text part of it.
Result<boost::json::string*> final_text(JsonArray& messages) {
  auto error = [&](std::string_view what) {
    return param_error("messages", "continue_final_message needs a last message with text; {}.", what);
  };
  if (messages.empty() || !messages.back().is_object()) return error("there is no last message");
  Json* content = messages.back().get_object().if_contains("content");
  if (!content) return error("the last message has no content");
  if (content->is_string()) return &content->get_string();
  if (!content->is_array()) return error("its content is not text");
  JsonArray& parts = content->get_array();
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (!part->is_object()) continue;
    Json* text = part->get_object().if_contains("text");
    if (text && text->is_string()) return &text->get_string();
  }
  return error("none of its parts is text");
}

// `message` is the text that the template was given to end with.
Result<std::string> cut_at_mark(std::string rendered, std::string_view message) {
  std::string_view core = kEndMark.substr(0, kEndMark.size() - 1);
  size_t at = rendered.rfind(core);
  if (at == std::string::npos || rendered.find(jinja::strip(message)) == std::string::npos) {
    return param_error("messages", "continue_final_message is set, but this model's template drops the last message.");
  }
  bool keeps_space = std::string_view(rendered).substr(at, kEndMark.size()) == kEndMark;
  rendered.resize(at);
  if (!keeps_space) rendered.resize(jinja::strip_right(rendered).size());
  return rendered;
}

}  // namespace

Result<ChatTemplate> ChatTemplate::parse(ChatTemplateSource source, const TemplateLimits& limits) {
  ChatTemplate out(std::move(source.special), limits);
  bool several = source.templates.size() > 1;
  for (auto& [name, text] : source.templates) {
    auto parsed = jinja::Template::parse(text, limits);
    if (!parsed) {
      return in_context(several ? fmt::format("chat template '{}'", name) : "chat template",
                        std::move(parsed).take_error());
    }
    out.templates_.emplace_back(std::move(name), std::move(*parsed));
  }
  return out;
}

Result<ChatTemplate> ChatTemplate::parse(std::string source, SpecialTokenTexts special, const TemplateLimits& limits) {
  ChatTemplateSource only{.special = std::move(special)};
  only.templates.emplace_back("default", std::move(source));
  return parse(std::move(only), limits);
}

bool ChatTemplate::mentions(std::string_view variable) const {
  return std::ranges::any_of(templates_, [&](const auto& entry) { return entry.second.mentions(variable); });
}

const jinja::Template* ChatTemplate::find(std::string_view name) const {
  auto it = std::ranges::find(templates_, name, [](const auto& entry) -> std::string_view { return entry.first; });
  return it == templates_.end() ? nullptr : &it->second;
}

// As get_chat_template of transformers chooses.
Result<jinja::Template> ChatTemplate::choose(const std::optional<std::string>& asked, bool has_tools) const {
  if (asked) {
    if (const jinja::Template* named = find(*asked)) return *named;
    auto parsed = jinja::Template::parse(*asked, limits_);
    if (parsed) return parsed;
    Error error = in_context("chat_template", std::move(parsed).take_error());
    error.param = "chat_template";
    return error;
  }
  const jinja::Template* out = has_tools ? find("tool_use") : nullptr;
  if (!out) out = find("default");
  if (out) return *out;
  std::vector<std::string_view> names;
  for (const auto& [name, parsed] : templates_) names.push_back(name);
  if (names.empty()) return make_error(ErrorCode::kInvalidValue, "This model has no chat template.");
  return param_error("chat_template", "This model has no default chat template, but some with names: {}.",
                     fmt::join(names, ", "));
}

Result<std::string> ChatTemplate::render_with(const jinja::Template& chosen, JsonObject variables,
                                              bool continue_final_message, std::time_t now_utc) const {
  JsonObject context;
  if (special_.bos) context["bos_token"] = *special_.bos;
  if (special_.eos) context["eos_token"] = *special_.eos;
  for (const auto& token : special_.more) context[token.key()] = token.value();
  for (auto& variable : variables) context[variable.key()] = std::move(variable.value());
  std::string final_message;
  if (continue_final_message) {
    Json* messages = context.if_contains("messages");
    if (!messages || !messages->is_array()) return param_error("messages", "There is no list of messages.");
    TRY_ASSIGN(auto* text, final_text(messages->get_array()));
    final_message = *text;
    text->append(kEndMark);
  }
  auto rendered = chosen.render(context, now_utc);
  if (!rendered) return in_context("chat template", std::move(rendered).take_error());
  return continue_final_message ? cut_at_mark(std::move(*rendered), final_message) : std::move(rendered);
}

Result<std::string> ChatTemplate::render(const ChatTemplateInput& input, std::time_t now_utc) const {
  if (input.continue_final_message && input.add_generation_prompt) {
    return param_error("continue_final_message",
                       "continue_final_message and add_generation_prompt exclude each other.");
  }
  JsonObject variables;
  for (const auto& member : input.extra) {
    std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(kReservedNames, name) != kReservedNames.end()) {
      return param_error(fmt::format("chat_template_kwargs.{}", name), "The name '{}' is reserved.", name);
    }
    variables[member.key()] = member.value();
  }
  variables["tools"] = input.tools ? Json(*input.tools) : Json(nullptr);
  variables["documents"] = input.documents ? Json(*input.documents) : Json(nullptr);
  variables["add_generation_prompt"] = input.add_generation_prompt;
  variables["messages"] = with_reasoning_names(input.messages);
  TRY_ASSIGN(jinja::Template chosen, choose(input.chat_template, input.tools.has_value()));
  return render_with(chosen, std::move(variables), input.continue_final_message, now_utc);
}

Result<std::string> ChatTemplate::render_variables(JsonObject variables, std::time_t now_utc) const {
  auto is_true = [&](std::string_view name) {
    const Json* value = variables.if_contains(name);
    return value && value->is_bool() && value->get_bool();
  };
  const Json* tools = variables.if_contains("tools");
  TRY_ASSIGN(jinja::Template chosen, choose(std::nullopt, tools && !tools->is_null()));
  return render_with(chosen, std::move(variables), is_true("continue_final_message"), now_utc);
}

}  // namespace weft
