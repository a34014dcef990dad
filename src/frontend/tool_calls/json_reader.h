// Follows one JSON value through text that comes in pieces. Linear work, an explicit stack with a depth cap.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

class JsonReader {
 public:
  enum class State { kMore, kDone, kBad };

  // Deepest nesting that is followed; what is deeper is kBad.
  static constexpr size_t kMaxDepth = 64;

  // Reads from `text` up to the end of the value and returns how many bytes were part of it; what it read is appended
  // to `out`. A control character inside a string, which JSON forbids and models write, is appended as its escape. A
  // number at the top ends in front of the first byte that can't continue it, or with finish().
  size_t push(std::string_view text, std::string& out);
  // The end of the text: a number at the top is complete.
  void finish();

  State state() const { return state_; }
  void reset();

 private:
  enum class Expect {
    kValue,        // or, right after '[', its ']'
    kKey,          // or, right after '{', its '}'
    kColon,        // after a key
    kCommaOrEnd,   // after a value in a container
    kString,       // inside a string
    kEscape,       // after a backslash
    kHexDigits,    // of \uXXXX
    kNumberSign,   // after '-'
    kNumberZero,   // after a leading 0
    kNumberInt,    // digits
    kNumberDot,    // after '.'
    kNumberFrac,   // digits after '.'
    kNumberE,      // after 'e'
    kNumberESign,  // after its sign
    kNumberExp,    // digits of the exponent
    kLiteral       // inside true, false, null
  };
  static constexpr size_t kMaxHexDigits = 4;

  bool step(char c, std::string& out);  // false: the byte is not part of the value, or wrong
  bool start_value(char c);
  bool structure(char c);
  bool string_byte(char c, std::string& out);
  bool number_byte(char c);
  void end_value();
  bool fail();

  State state_ = State::kMore;
  Expect expect_ = Expect::kValue;
  bool may_close_ = false;    // right after '[' or '{'
  bool in_key_ = false;       // the string is a key
  std::string stack_;         // open '{' and '['
  std::string_view literal_;  // what is left of it
  size_t hex_left_ = 0;
};

}  // namespace weft
