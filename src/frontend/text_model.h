// What the frontend knows of the loaded model. Immutable and shared: a request keeps it alive.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "frontend/grammar_cache.h"
#include "frontend/text_request.h"
#include "frontend/tool_calls/formats.h"
#include "frontend/tool_calls/reasoning.h"
#include "request/validated_request.h"
#include "text/tokenizer.h"

namespace weft {

// From the model's generation_config.json, or advised by its makers; what a request leaves unset.
struct GenerationDefaults {
  std::optional<float> temperature, top_p, min_p, repetition_penalty;
  std::optional<int32_t> top_k;
};

// Renders a chat to the prompt's text by the model's template; called from several threads.
using ChatRenderer = std::function<Result<std::string>(const ChatPrompt& prompt)>;

struct TextModel {
  std::shared_ptr<const Tokenizer> tokenizer;
  ChatRenderer render_chat;                    // empty: the model has no chat template
  bool presents_tools = false;                 // its chat template looks at `tools`
  const ToolCallFormat* tool_calls = nullptr;  // how it writes calls; null: nobody knows
  bool leaves_calls_as_text = false;           // where the operator wants none looked for
  const ReasoningStyle* reasoning = nullptr;   // how it marks its reasoning; null: not at all
  std::shared_ptr<GrammarCache> grammars;      // null: no structured output and no forced calls
  ModelLimits limits;
  GenerationDefaults defaults;
};

}  // namespace weft
