// POST /tokenize and /detokenize, also below /v1: the bodies of vLLM ({"prompt"} or {"messages"}) and of Text
// Generation Inference ({"inputs"}), which share the path.
#pragma once

#include "server/http/router.h"
#include "server/openai/generation.h"

namespace weft {

std::vector<Route> tokenizer_routes(std::shared_ptr<const OpenAiContext> context);

}  // namespace weft
