// Reads one call written as a JSON object, {"name": .., "arguments": {..}}, as it comes.
#pragma once

#include <string>
#include <string_view>

#include "frontend/tool_calls/call_writer.h"
#include "frontend/tool_calls/json_reader.h"

namespace weft {

// The members may come in any order; besides "name" ("tool_name") and "arguments" ("parameters") others are read over,
// also the model's own "id", which is not unique in a chat. Arguments written as a string that holds JSON are
// unwrapped. The call begins when its name is known and its arguments begin.
class CallObjectReader {
 public:
  enum class State { kMore, kDone, kBad };

  // `is_named_call`: says whether a name is one of the tools; null: every name is taken.
  explicit CallObjectReader(const class ToolTable* only_these = nullptr) : only_these_(only_these) {}

  // Reads up to the object's end; returns how many bytes of `text` were its part.
  size_t push(std::string_view text, CallWriter& calls, AnswerParts& out);

  State state() const { return state_; }
  bool has_begun() const { return has_begun_; }
  // The arguments are complete, though the object's end is missing.
  bool has_arguments() const { return has_arguments_; }

 private:
  enum class Expect { kOpen, kKeyOrEnd, kKey, kColon, kValue, kCommaOrEnd };
  enum class Member { kName, kArguments, kOther };

  bool structure(char c, CallWriter& calls, AnswerParts& out);
  size_t read_value(std::string_view text, CallWriter& calls, AnswerParts& out);
  bool end_value(CallWriter& calls, AnswerParts& out);
  bool end_name();
  bool take_string_arguments();
  void begin(CallWriter& calls, AnswerParts& out);
  bool end_object(CallWriter& calls, AnswerParts& out);

  const ToolTable* only_these_;
  State state_ = State::kMore;
  Expect expect_ = Expect::kOpen;
  Member member_ = Member::kOther;
  JsonReader reader_;
  std::string value_;  // of a key or member being read, where it is not arguments given out already
  std::string name_;
  std::string arguments_;  // held until the name is known
  bool has_name_ = false;
  bool has_arguments_ = false;
  bool has_begun_ = false;
};

}  // namespace weft
