// Finds calls in an answer's text as it comes. One implementation per family of formats; formats.h lists the formats.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/tool_calls/answer_parts.h"
#include "frontend/tool_calls/call_writer.h"
#include "frontend/tool_calls/tool_table.h"

namespace weft {

struct ToolCallContext {
  std::shared_ptr<const ToolTable> tools;
  CallWriterOptions calls;
  // Markers that are special tokens of this model and shall not be seen in the content, wherever they stand.
  std::vector<std::string> hidden_markers;
};

// Whatever the pieces, the parts that come out are the same when put together. Each part is valid UTF-8 if each piece
// is. What is no call is content; what looked like one and broke before its name was known is content as well. A call
// that breaks later keeps the arguments read so far, is never complete, and the rest of its text is content.
class ToolCallParser {
 public:
  explicit ToolCallParser(ToolCallContext context) : context_(std::move(context)), calls_(context_.calls) {}
  virtual ~ToolCallParser() = default;

  virtual void push(std::string_view text, AnswerParts& out) = 0;
  // The end of the text. `is_whole`: the model ended it itself, so what is only left unclosed is complete.
  virtual void finish(bool is_whole, AnswerParts& out) = 0;

  // Where reasoning belongs to the format itself (harmony).
  virtual bool in_reasoning() const { return false; }
  const CallWriter& calls() const { return calls_; }

 protected:
  const ToolTable& tools() const { return *context_.tools; }

  // White space that touches a call is no content: it is held back until it is known what follows it.
  void add_content(std::string_view text, AnswerParts& out);
  // At the end: white space after words is content when there was no call.
  void flush_content(AnswerParts& out);

  ToolCallContext context_;
  CallWriter calls_;

 private:
  std::string gap_;  // white space not given out yet
  bool has_content_ = false;
};

}  // namespace weft
