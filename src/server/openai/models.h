// GET /v1/models and GET /v1/models/{name}.
#pragma once

#include "server/http/router.h"
#include "server/openai/generation.h"

namespace weft {

// All routes of the OpenAI protocol.
std::vector<Route> openai_routes(std::shared_ptr<const OpenAiContext> context);

}  // namespace weft
