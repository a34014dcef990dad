// The parts of a regular expression's text that GBNF and EBNF share: its characters, escapes, [classes] and {bounds}.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "grammar/code_point_set.h"

namespace weft {

// A place in a text of valid UTF-8.
struct RegexReader {
  explicit RegexReader(std::string_view pattern) : text(pattern) {}

  std::string_view text;
  size_t pos = 0;

  bool at_end() const { return pos >= text.size(); }
  // The byte here; '\0' at the end (and for a NUL).
  char peek() const { return at_end() ? '\0' : text[pos]; }
  char32_t next();    // the character here; not at the end
  bool take(char c);  // moves past `c` if it is here

  Error error_at(size_t offset, std::string_view reason) const;        // kInvalidValue
  Error too_complex_at(size_t offset, std::string_view reason) const;  // kGrammarTooComplex
  // After a '{' at `at`: the bounds (max -1: none) of "n}", "n,}" or "n,m}", past them; nothing when it is something
  // else. "{,n}", which dialects read differently, is an error.
  Result<std::optional<std::pair<int64_t, int64_t>>> braces(size_t at);
};

// One character, or a set that an escape names.
struct ClassAtom {
  bool is_set = false;
  char32_t code_point = 0;
  CodePointSet set;
};
// After a '\' at `at`.
Result<ClassAtom> read_escape(RegexReader& reader, size_t at, bool in_class);
// After a '[' at `at`, to past its ']'.
Result<CodePointSet> read_class(RegexReader& reader, size_t at, bool ignore_case);

}  // namespace weft
