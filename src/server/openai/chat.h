// POST /v1/chat/completions.
#pragma once

#include "server/openai/generation.h"

namespace weft {

Result<PreparedGeneration> prepare_chat(const OpenAiContext& context, std::string_view body,
                                        const std::string& request_id);

}  // namespace weft
