// gpt-oss's harmony: messages on channels. <|channel|>analysis<|message|>..<|end|> is reasoning, commentary with a
// recipient functions.NAME is a call, the rest is content.
// Evidence: chat_templates/llama_cpp/openai-gpt-oss-120b.jinja (shared data) for the form of past messages;
// cookbook.openai.com/articles/openai-harmony for what the model writes: "<|channel|>commentary to=functions.NAME
// <|constrain|>json<|message|>{..}<|call|>", the recipient also in the role section, <|return|> and <|call|> as stops.
#pragma once

#include <string>
#include <string_view>

#include "frontend/tool_calls/json_reader.h"
#include "frontend/tool_calls/text_scanner.h"
#include "frontend/tool_calls/tool_call_parser.h"

namespace weft {

class HarmonyParser final : public ToolCallParser {
 public:
  // `takes_calls`: else what is sent to functions is content. The text follows <|start|>assistant.
  HarmonyParser(bool takes_calls, ToolCallContext context)
      : ToolCallParser(std::move(context)), takes_calls_(takes_calls) {}

  void push(std::string_view text, AnswerParts& out) override;
  void finish(bool is_whole, AnswerParts& out) override;
  bool in_reasoning() const override { return body_ == Body::kReasoning; }

 private:
  enum class Body { kNone, kReasoning, kContent, kCall, kBrokenCall };

  bool step(AnswerParts& out);  // false: more text is needed
  bool read_header(AnswerParts& out);
  bool read_body(AnswerParts& out);
  void begin_body(AnswerParts& out);
  void add(std::string_view text, AnswerParts& out);

  bool takes_calls_;
  Body body_ = Body::kNone;  // kNone: between messages, in a header
  TextScanner scanner_;
  std::string header_;
  bool has_markers_ = false;  // of the header
  JsonReader arguments_;
};

}  // namespace weft
