// Reasoning that models write between markers in front of their answer: which markers a template speaks of, and the
// split of a text at them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/tool_calls/text_scanner.h"

namespace weft {

struct ReasoningStyle {
  std::string_view name;  // as --reasoning-parser takes it
  std::vector<std::string_view> aliases;
  std::string_view begin, end;
  // Around the answer behind the reasoning; means nothing.
  std::vector<std::string_view> frames;
  // The reasoning is the work of the tool call format (harmony).
  bool is_in_format = false;
};

std::span<const ReasoningStyle> reasoning_styles();
const ReasoningStyle* find_reasoning_style(std::string_view name);  // or alias; null if there is none
const ReasoningStyle* detect_reasoning_style(std::string_view chat_template);

// True when the prompt's end has opened the reasoning already.
bool opens_reasoning(const ReasoningStyle& style, std::string_view prompt);
// True when the prompt's end has closed it: the model was told not to reason.
bool closes_reasoning(const ReasoningStyle& style, std::string_view prompt);

// Splits a text that comes in pieces. Reasoning stands at the start of the text only; white space around it belongs to
// neither part. What is never closed is reasoning to the end.
class ReasoningSplitter {
 public:
  // `style` outlives the splitter. `is_open`: the prompt has opened the reasoning.
  ReasoningSplitter(const ReasoningStyle& style, bool is_open);

  // Appends to both.
  void push(std::string_view text, std::string& reasoning, std::string& rest);
  void finish(std::string& reasoning, std::string& rest);
  bool in_reasoning() const { return state_ == State::kInside; }

 private:
  enum class State { kStart, kInside, kAfter, kRest };

  bool step(std::string& reasoning, std::string& rest);
  void add_reasoning(std::string_view text, std::string& reasoning);

  const ReasoningStyle& style_;
  State state_;
  TextScanner scanner_;
  std::string gap_;  // white space not given out yet
  bool has_reasoning_ = false;
};

}  // namespace weft
