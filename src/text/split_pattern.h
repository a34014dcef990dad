// A tokenizer file's regular expression, on PCRE2. Not for patterns that users send.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/known_split.h"

namespace weft {

// A range of bytes of a text.
struct TextSpan {
  size_t begin;
  size_t end;
  bool empty() const { return begin == end; }
  std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

// Immutable, safe to use from many threads.
class SplitPattern {
 public:
  // kUnsupported for a pattern that PCRE2 refuses or would read otherwise than Oniguruma, in which tokenizer files
  // are written.
  static Result<SplitPattern> compile(std::string_view pattern);
  // A pattern that matches `text` itself.
  static Result<SplitPattern> literal(std::string_view text);

  // Appends all non-empty matches in `text` (valid UTF-8) from left to right. A match that exceeds the limits of PCRE2
  // ends the search: what follows counts as unmatched.
  void find_all(std::string_view text, std::vector<TextSpan>& matches) const;

  // A hand-written splitter whose words are the matches, where there is one; else null.
  NextWord known_split() const { return known_split_; }

 private:
  struct Code;
  struct FreeCode {
    void operator()(Code* code) const;
  };
  explicit SplitPattern(Code* code) : code_(code) {}
  std::unique_ptr<Code, FreeCode> code_;
  NextWord known_split_ = nullptr;
};

}  // namespace weft
