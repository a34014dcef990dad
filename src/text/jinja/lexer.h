// Splits a template into text and the tokens inside its tags, with Jinja's whitespace rules under trim_blocks and
// lstrip_blocks: a newline after a block or comment goes, and so does the indent before one that starts its line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/jinja/value.h"

namespace weft::jinja {

enum class TokenKind : uint8_t {
  kText,
  kPrintBegin,
  kPrintEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd
};

struct Token {
  TokenKind kind;
  uint32_t offset = 0;
  std::string text;  // of text, name, operator; the decoded string
  Value number;
};

// Unix newlines, without the one at the very end.
std::string normalize_newlines(std::string_view source);

// `source` is normalised, valid UTF-8. The last token is kEnd. Errors name line and column.
Result<std::vector<Token>> tokenize(std::string_view source);

// "line 3, column 14: message", counting in characters from 1.
Error error_at(std::string_view source, size_t offset, std::string_view message);

}  // namespace weft::jinja
