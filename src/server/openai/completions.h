// POST /v1/completions.
#pragma once

#include "server/openai/generation.h"

namespace weft {

Result<PreparedGeneration> prepare_completions(const OpenAiContext& context, std::string_view body,
                                               const std::string& request_id);

}  // namespace weft
