#include "frontend/chat_renderer.h"

#include <ctime>
#include <utility>

namespace weft {
namespace {

JsonArray without_null_content(JsonArray messages) {
  for (Json& message : messages) {
    Json* content = message.is_object() ? message.get_object().if_contains("content") : nullptr;
    if (content != nullptr && content->is_null()) *content = "";
  }
  return messages;
}

}  // namespace

NoContent detect_no_content(std::string_view chat_template) {
  for (std::string_view test : {"content'] is none", "content\"] is none", "content is none"}) {
    if (chat_template.find(test) != std::string_view::npos) return NoContent::kNone;
  }
  return NoContent::kEmptyText;
}

ChatRenderer make_chat_renderer(std::shared_ptr<const ChatTemplate> chat_template, NoContent no_content,
                                std::optional<std::time_t> now_utc) {
  return
      [chat_template = std::move(chat_template), no_content, now_utc](const ChatPrompt& prompt) -> Result<std::string> {
        bool keeps_null = no_content == NoContent::kNone;
        Result<std::string> text =
            chat_template->render({.messages = keeps_null ? prompt.messages : without_null_content(prompt.messages),
                                   .tools = prompt.tools,
                                   .documents = prompt.documents,
                                   .add_generation_prompt = prompt.add_generation_prompt,
                                   .continue_final_message = prompt.continue_final_message,
                                   .extra = prompt.template_arguments,
                                   .chat_template = prompt.chat_template},
                                  now_utc.value_or(std::time(nullptr)));
        if (text || !text.error().param.empty()) return text;
        Error error = text.error();
        error.param = "messages";
        return error;
      };
}

}  // namespace weft
