#include "frontend/chat_renderer.h"

#include <ctime>
#include <utility>

namespace weft {

ChatRenderer make_chat_renderer(std::shared_ptr<const ChatTemplate> chat_template) {
  return [chat_template = std::move(chat_template)](const ChatPrompt& prompt) -> Result<std::string> {
    Result<std::string> text = chat_template->render({.messages = prompt.messages,
                                                      .tools = prompt.tools,
                                                      .documents = prompt.documents,
                                                      .add_generation_prompt = prompt.add_generation_prompt,
                                                      .continue_final_message = prompt.continue_final_message,
                                                      .extra = prompt.template_arguments},
                                                     std::time(nullptr));
    if (text || !text.error().param.empty()) return text;
    Error error = text.error();
    error.param = "messages";
    return error;
  };
}

}  // namespace weft
