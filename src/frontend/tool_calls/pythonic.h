// Calls written as a Python list, [get_weather(city="Oslo", days=3), now()]: names and values become JSON as they come.
// Evidence: meta-llama/llama-models, models/llama3_2/text_prompt_format.md and models/llama3_3/prompt_format.md (the
// list is the whole answer), models/llama4/prompt_format.md (<|python_start|> and <|python_end|> around it);
// docs.liquid.ai, "Tool use" (LFM2: <|tool_call_start|> and <|tool_call_end|> around it).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/tool_calls/text_scanner.h"
#include "frontend/tool_calls/tool_call_parser.h"

namespace weft {

struct PythonicFormat {
  std::string_view begin, end;  // markers around the list
  bool bare = false;            // the text may begin with a list without them; only names of tools count then
};

// One Python literal to JSON, byte by byte: strings in either quotes, numbers, True, False, None, lists, tuples and
// dicts with text keys. An explicit stack with a depth cap.
class PythonLiteralReader {
 public:
  enum class State { kMore, kDone, kBad };
  static constexpr size_t kMaxDepth = 64;

  // Appends to `json`. False: the byte is not part of the literal any more (state() is kDone), or wrong.
  bool push(char c, std::string& json);
  State state() const { return state_; }
  void reset() { *this = PythonLiteralReader(); }

 private:
  enum class Expect { kValue, kKey, kColon, kCommaOrEnd, kString, kEscape, kHexDigits, kWord };

  bool fail();
  bool start_value(char c, std::string& json);
  bool string_byte(char c, std::string& json);
  bool end_word(std::string& json);
  void end_value();

  State state_ = State::kMore;
  Expect expect_ = Expect::kValue;
  std::string stack_;  // open '{', '[', '('
  bool may_close_ = false;
  bool comma_ = false;  // read, and not given out yet
  bool in_key_ = false;
  char quote_ = '"';
  std::string word_;  // a number or a name, or the bytes of a character by number
  size_t hex_left_ = 0;
};

class PythonicParser final : public ToolCallParser {
 public:
  // `format` outlives the parser.
  PythonicParser(const PythonicFormat& format, ToolCallContext context);

  void push(std::string_view text, AnswerParts& out) override;
  void finish(bool is_whole, AnswerParts& out) override;

 private:
  enum class State {
    kStart,
    kContent,
    kListBegin,
    kName,
    kArgumentOrEnd,
    kArgumentName,
    kValue,
    kAfterValue,
    kAfterCall,
    kListEnd
  };

  bool step(AnswerParts& out);  // false: more text is needed
  bool find_list(AnswerParts& out);
  bool read_byte(AnswerParts& out);
  bool begin_call(AnswerParts& out);
  void end_call(AnswerParts& out);
  void give_up(AnswerParts& out);
  void open_list(std::string_view marker);

  const PythonicFormat& format_;
  std::vector<std::string_view> markers_;  // of content: `begin`, then the hidden ones
  State state_;
  bool is_bare_ = false;
  TextScanner scanner_;
  std::string raw_;   // of the list, while no call has begun in it
  std::string name_;  // of a call or argument
  PythonLiteralReader value_;
  bool has_arguments_ = false;
};

}  // namespace weft
