// Formats that write each argument between tags, as plain text: it becomes JSON by the type that the tool's schema
// gives it. Text arguments are streamed as they come, others when they are complete.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/tool_calls/text_scanner.h"
#include "frontend/tool_calls/tool_call_parser.h"

namespace weft {

struct TagCallFormat {
  std::string_view begin, end;  // around one call, or several where call_begin is set
  // In front of the call's name; empty: it follows `begin` at once.
  std::string_view call_begin;
  // Behind the name; what else stands in front of it is no part of the name. Empty: up to a line's end or a tag.
  std::string_view name_end;
  std::string_view call_end;  // empty: `end` ends the call
  std::string_view parameter_begin;
  // Behind the parameter's name, which ends at its first quote.
  std::string_view parameter_name_end;
  std::string_view value_begin;  // between the two, besides white space; empty: the value follows at once
  std::string_view value_end;
  // One line break at either end of a value is not part of it.
  bool trims_line_breaks = false;
  // An attribute behind the parameter's name that says what the value is: text if found, JSON otherwise; empty: none.
  std::string_view text_attribute;
};

class TagCallParser final : public ToolCallParser {
 public:
  // `format` outlives the parser.
  TagCallParser(const TagCallFormat& format, ToolCallContext context);

  void push(std::string_view text, AnswerParts& out) override;
  void finish(bool is_whole, AnswerParts& out) override;

 private:
  enum class State { kContent, kSection, kName, kParameters, kParameterName, kValueBegin, kValue };

  bool step(AnswerParts& out);  // false: more text is needed
  bool find_section(AnswerParts& out);
  bool read_section(AnswerParts& out);
  bool read_name(AnswerParts& out);
  bool read_parameters(AnswerParts& out);
  bool read_parameter_name(AnswerParts& out);
  bool read_value_begin(AnswerParts& out);
  bool read_value(AnswerParts& out);
  void begin_value(AnswerParts& out);
  void add_text(std::string_view text, AnswerParts& out);
  void end_value(AnswerParts& out);
  void end_call(AnswerParts& out);
  void give_up(AnswerParts& out);

  const TagCallFormat& format_;
  std::vector<std::string_view> markers_;  // of content: `begin`, then the hidden ones
  State state_ = State::kContent;
  TextScanner scanner_;
  std::string raw_;   // of the section, while no call has begun in it
  std::string name_;  // of the call, or of a parameter while it is read
  std::string tool_;
  std::string value_;  // not given out yet: a whole value that is no text, or a text's last line break
  ParameterKind kind_ = ParameterKind::kUnknown;
  std::vector<std::string> seen_;  // the call's parameters: a second one of a name is dropped
  bool is_repeated_ = false;
  bool at_value_start_ = false;
};

}  // namespace weft
