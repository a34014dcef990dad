// Formats whose arguments are JSON: a section of calls between markers, each call an object with name and arguments,
// or a name in front of the arguments.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/tool_calls/call_object.h"
#include "frontend/tool_calls/json_reader.h"
#include "frontend/tool_calls/text_scanner.h"
#include "frontend/tool_calls/tool_call_parser.h"

namespace weft {

struct CallHeader {
  std::string name;
  std::string id;  // empty: the model gives none
};

struct JsonCallFormat {
  std::vector<std::string_view> begin;  // any of these opens a section
  std::string_view end;                 // closes it; empty: it ends where no further call follows
  // The text begins with a section without a marker if its first character is '{'. Only names of tools count then.
  bool bare = false;
  // Between calls these mean nothing, besides white space, commas, semicolons and a list's brackets.
  std::vector<std::string_view> separators;
  // A name stands in front of the arguments: reads it from all that precedes their '{'. Null: calls are objects only.
  std::optional<CallHeader> (*read_header)(std::string_view text) = nullptr;
};

class JsonCallParser final : public ToolCallParser {
 public:
  // `format` outlives the parser.
  JsonCallParser(const JsonCallFormat& format, ToolCallContext context);

  void push(std::string_view text, AnswerParts& out) override;
  void finish(bool is_whole, AnswerParts& out) override;

 private:
  enum class State { kStart, kContent, kBetween, kHeader, kObject, kArguments };

  bool step(AnswerParts& out);  // false: more text is needed
  bool find_section(AnswerParts& out);
  bool read_between(AnswerParts& out);
  bool read_separator(bool& waits);
  bool read_header(AnswerParts& out);
  bool read_object(AnswerParts& out);
  bool read_arguments(AnswerParts& out);
  // Text of the section that becomes content if no call begins in it.
  void consume(size_t bytes) { raw_ += scanner_.take(bytes); }
  void open_section(std::string_view marker);
  void end_section() { state_ = State::kContent; }
  void give_up(AnswerParts& out);

  const JsonCallFormat& format_;
  std::vector<std::string_view> markers_;  // of content: the begin markers, then the hidden ones
  State state_;
  TextScanner scanner_;
  bool is_bare_ = false;  // the section has no marker
  bool section_has_call_ = false;
  std::string raw_;
  std::string header_;
  CallObjectReader object_;
  JsonReader arguments_;
};

}  // namespace weft
