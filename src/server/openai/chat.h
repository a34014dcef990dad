// POST /v1/chat/completions.
#pragma once

#include "server/openai/generation.h"

namespace weft {

Result<PreparedGeneration> prepare_chat(const OpenAiContext& context, std::string_view body,
                                        const std::string& request_id);

// The chat of a body that has nothing else, as /tokenize takes it.
Result<ChatPrompt> read_chat_prompt(const OpenAiContext& context, const JsonObject& object);

}  // namespace weft
