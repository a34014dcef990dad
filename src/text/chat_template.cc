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

Result<std::string> cut_at_mark(std::string rendered) {
  std::string_view core = kEndMark.substr(0, kEndMark.size() - 1);
  size_t at = rendered.rfind(core);
  if (at == std::string::npos) {
    return param_error("messages", "continue_final_message is set, but this model's template drops the last message.");
  }
  bool keeps_space = std::string_view(rendered).substr(at, kEndMark.size()) == kEndMark;
  rendered.resize(at);
  if (!keeps_space) rendered.resize(jinja::strip_right(rendered).size());
  return rendered;
}

}  // namespace

Result<ChatTemplate> ChatTemplate::parse(std::string source, SpecialTokenTexts special, const TemplateLimits& limits) {
  auto parsed = jinja::Template::parse(source, limits);
  if (!parsed) return in_context("chat template", std::move(parsed).take_error());
  return ChatTemplate(std::move(*parsed), std::move(special));
}

Result<std::string> ChatTemplate::render(const ChatTemplateInput& input, std::time_t now_utc) const {
  if (input.continue_final_message && input.add_generation_prompt) {
    return param_error("continue_final_message",
                       "continue_final_message and add_generation_prompt exclude each other.");
  }
  JsonObject context;
  if (special_.bos) context["bos_token"] = *special_.bos;
  if (special_.eos) context["eos_token"] = *special_.eos;
  for (const auto& [name, text] : special_.more) context[name] = text;
  for (const auto& member : input.extra) {
    std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(kReservedNames, name) != kReservedNames.end()) {
      return param_error(fmt::format("chat_template_kwargs.{}", name), "The name '{}' is reserved.", name);
    }
    context[member.key()] = member.value();
  }
  context["tools"] = input.tools ? Json(*input.tools) : Json(nullptr);
  context["documents"] = input.documents ? Json(*input.documents) : Json(nullptr);
  context["add_generation_prompt"] = input.add_generation_prompt;
  JsonArray messages = input.messages;
  if (input.continue_final_message) {
    TRY_ASSIGN(auto* text, final_text(messages));
    text->append(kEndMark);
  }
  context["messages"] = std::move(messages);
  auto rendered = template_.render(context, now_utc);
  if (!rendered) return in_context("chat template", std::move(rendered).take_error());
  return input.continue_final_message ? cut_at_mark(std::move(*rendered)) : std::move(rendered);
}

}  // namespace weft
