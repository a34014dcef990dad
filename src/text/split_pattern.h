// A tokenizer file's regular expression, on PCRE2, or on Oniguruma where PCRE2 would read it otherwise. Not for
// patterns that users send.
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

// One engine's compiled pattern. Immutable, safe to use from many threads.
class PatternEngine {
 public:
  virtual ~PatternEngine() = default;
  class Search {
   public:
    virtual ~Search() = default;
    // The leftmost match at or behind `from`, maybe empty; false when there is none, or a limit was exceeded.
    virtual bool next(size_t from, TextSpan& match) = 0;
  };
  // A search through `text`, which must outlive it.
  virtual std::unique_ptr<Search> search(std::string_view text) const = 0;
};

// kUnsupported for a pattern that the engine refuses.
Result<std::unique_ptr<PatternEngine>> compile_pcre2(std::string_view pattern);
Result<std::unique_ptr<PatternEngine>> compile_oniguruma(std::string_view pattern);

// Immutable, safe to use from many threads.
class SplitPattern {
 public:
  // Tokenizer files are written for Oniguruma (its own syntax); kUnsupported for a pattern that it refuses.
  static Result<SplitPattern> compile(std::string_view pattern);
  // A pattern that matches `text` itself.
  static Result<SplitPattern> literal(std::string_view text);

  // Appends all matches in `text` (valid UTF-8) from left to right, also empty ones that do not follow the match before
  // directly. A match that exceeds the limits of the engine ends the search: what follows counts as unmatched.
  void find_all(std::string_view text, std::vector<TextSpan>& matches) const;

  // `text` (valid UTF-8) with every match replaced.
  std::string replace_all(std::string_view text, std::string_view replacement) const;

  // A hand-written splitter whose words are the matches, where there is one; else null.
  NextWord known_split() const { return known_split_; }

 private:
  static Result<SplitPattern> compile_regex(std::string_view pattern);
  SplitPattern(std::unique_ptr<PatternEngine> engine, std::unique_ptr<PatternEngine> exact)
      : engine_(std::move(engine)), exact_(std::move(exact)) {}

  std::unique_ptr<PatternEngine> engine_;
  // For texts with U+180E, which PCRE2's \s matches and Oniguruma's does not; null where the pattern has no \s.
  std::unique_ptr<PatternEngine> exact_;
  NextWord known_split_ = nullptr;
};

}  // namespace weft
