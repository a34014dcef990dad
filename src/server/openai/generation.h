// One HTTP request's way through the text service: parse, submit its prompts, turn their events into the answer, and
// cancel what is left when the client goes away or something fails.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "frontend/text_service.h"
#include "server/http/exchange.h"
#include "server/metrics/metrics.h"
#include "server/openai/answer_writer.h"

namespace weft {

// What the routes of this protocol share. Immutable; any thread.
struct OpenAiContext {
  std::vector<std::string> model_names;                   // served; the first is the default
  int64_t created = 0;                                    // seconds since 1970, of the models list
  std::function<std::shared_ptr<TextService>()> service;  // null while the model loads
  std::shared_ptr<Metrics> metrics;
  bool trust_request_chat_template = false;  // a client may bring a chat template
};

// A parsed and checked request body.
struct PreparedGeneration {
  std::vector<TextRequest> requests;  // one per prompt
  std::unique_ptr<AnswerWriter> writer;
  bool stream = false;
  // Names that the text service uses in errors, and what this route's client calls the same field.
  std::vector<std::pair<std::string, std::string>> field_names;
};

// Parses a body; the request id becomes part of the answer's id. Runs on a worker thread when the body is large.
using PrepareGeneration = std::function<Result<PreparedGeneration>(const OpenAiContext& context, std::string_view body,
                                                                   const std::string& request_id)>;

// The handler of a generation route.
Handler generation_handler(std::shared_ptr<const OpenAiContext> context, PrepareGeneration prepare);

// kModelNotFound unless the name is served; an empty name stands for the default. Gives the name to answer with.
Result<std::string> find_model(const OpenAiContext& context, const std::string& name);

}  // namespace weft
