// How the answers of one request are to be read, and what they are forced to be: decided once, when it is prepared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "frontend/text_model.h"
#include "frontend/text_request.h"
#include "frontend/tool_calls/answer_parser.h"
#include "request/token_constraint.h"

namespace weft {

struct AnswerPlan {
  bool reads_parts = false;                // false: the text is the answer as it stands
  const ToolCallFormat* format = nullptr;  // of the calls that are looked for; null: none are
  const ReasoningStyle* reasoning = nullptr;
  bool reasoning_is_open = false;  // by the prompt
  std::shared_ptr<const ToolTable> tools;
  CallWriterOptions calls;           // the salt is the request's
  std::vector<TokenId> kept_tokens;  // special tokens that the parser must see
  std::shared_ptr<const TokenConstraint> constraint;
  std::vector<UnenforcedKeyword> unenforced;

  AnswerParserOptions parser_options(const TextModel& model, int32_t choice) const;
};

// `prompt`: the rendered chat; empty for other prompts. `salt` differs between requests. Compiles what the answer must
// be; the errors' param is the request's field.
Result<AnswerPlan> plan_answer(const TextModel& model, const TextRequest& request, std::string_view prompt,
                               uint64_t salt);

}  // namespace weft
