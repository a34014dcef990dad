// A model's chat template as the TextModel's renderer.
#pragma once

#include <memory>

#include "frontend/text_model.h"
#include "text/chat_template.h"

namespace weft {

// Renders with the wall clock's time. Errors name the request's field: "messages", or what the template refused.
ChatRenderer make_chat_renderer(std::shared_ptr<const ChatTemplate> chat_template);

}  // namespace weft
