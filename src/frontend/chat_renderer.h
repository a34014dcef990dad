// A model's chat template as the TextModel's renderer.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string_view>

#include "frontend/text_model.h"
#include "text/chat_template.h"

namespace weft {

// How a template knows a message that has calls and no words.
enum class NoContent { kEmptyText, kNone };

// What a template (its Jinja source) asks for: some test `content is none`, most print the content.
NoContent detect_no_content(std::string_view chat_template);

// Renders with the wall clock's time, or always at `now_utc`. Errors name the request's field: "messages", or what the
// template refused.
ChatRenderer make_chat_renderer(std::shared_ptr<const ChatTemplate> chat_template,
                                NoContent no_content = NoContent::kEmptyText,
                                std::optional<std::time_t> now_utc = std::nullopt);

}  // namespace weft
