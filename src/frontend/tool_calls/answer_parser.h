// An answer's text to its parts: reasoning split off first, then calls, the rest is content.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/tool_calls/formats.h"
#include "frontend/tool_calls/reasoning.h"

namespace weft {

struct AnswerParserOptions {
  const ToolCallFormat* format = nullptr;     // null: no calls are looked for
  const ReasoningStyle* reasoning = nullptr;  // null: no reasoning is looked for
  bool reasoning_is_open = false;             // by the prompt
  ToolCallContext context;
};

class AnswerParser {
 public:
  explicit AnswerParser(AnswerParserOptions options);

  // Pieces may be cut anywhere between characters; the parts add up to the same.
  AnswerParts push(std::string_view text);
  // The end; `is_whole`: of the model's own will, not at a length limit.
  AnswerParts finish(bool is_whole);

  bool in_reasoning() const;
  // The answer holds calls, and every one is complete.
  bool has_complete_calls() const { return calls_ != nullptr && calls_->calls().all_complete(); }

 private:
  void push_chunk(std::string_view text, AnswerParts& out);
  void push_rest(std::string_view text, AnswerParts& out);

  std::optional<ReasoningSplitter> splitter_;
  std::unique_ptr<ToolCallParser> calls_;
};

}  // namespace weft
