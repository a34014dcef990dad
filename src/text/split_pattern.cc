#include "text/split_pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "text/digit_groups.h"

namespace weft {
namespace {

constexpr size_t kMaxPatternBytes = 64u << 10;
constexpr std::string_view kVowelSeparator = "\xE1\xA0\x8E";  // U+180E

// \p{Han}: script extensions in PCRE2, scripts in Oniguruma. General categories have one or two letters.
bool names_script(std::string_view rest) {
  if (!rest.starts_with("\\p{") && !rest.starts_with("\\P{")) return false;
  size_t end = rest.find('}');
  return end != std::string_view::npos && end > 3 + 2;
}

struct Traits {
  bool oniguruma = false;  // PCRE2 reads it otherwise
  bool white_space = false;
};

// What Oniguruma reads otherwise than PCRE2 (10.42): set intersection; \h (a hex digit there); \w and \b (marks are
// word characters there); bracket classes by name; {n,m}+ (a repeated repetition there); \X, \R and \K are rare enough.
Traits traits_of(std::string_view pattern) {
  Traits out;
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    char c = pattern[i];
    char next = pattern[i + 1];
    if (c == '\\') {
      out.oniguruma = out.oniguruma || std::string_view("hHwWbBRXKyYZgkG").find(next) != std::string_view::npos;
      out.white_space = out.white_space || next == 's' || next == 'S';
      out.oniguruma = out.oniguruma || names_script(pattern.substr(i));
      ++i;
      // The brace of \p{L} or \x{20} is no repetition's.
      bool named = i + 1 < pattern.size() && pattern[i + 1] == '{' && (next == 'p' || next == 'P' || next == 'x');
      if (named) i = std::min(pattern.find('}', i), pattern.size());
    } else {
      out.oniguruma =
          out.oniguruma || (c == '&' && next == '&') || (c == '[' && next == ':') || (c == '}' && next == '+');
    }
  }
  return out;
}

}  // namespace

Result<SplitPattern> SplitPattern::compile(std::string_view pattern) {
  auto compiled = compile_regex(pattern);
  if (compiled) compiled->known_split_ = find_known_split(pattern);
  return compiled;
}

Result<SplitPattern> SplitPattern::compile_regex(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes || !is_valid_utf8(pattern)) {
    return make_error(ErrorCode::kUnsupported, "a pattern of {} bytes is not supported: it is too long or no UTF-8",
                      pattern.size());
  }
  if (auto engine = find_digit_groups(pattern)) return SplitPattern(std::move(engine), nullptr);
  Traits traits = traits_of(pattern);
  if (!traits.oniguruma) {
    if (auto engine = compile_pcre2(pattern)) {
      std::unique_ptr<PatternEngine> exact;
      if (traits.white_space) {
        TRY_ASSIGN(exact, compile_oniguruma(pattern));
      }
      return SplitPattern(std::move(*engine), std::move(exact));
    }
  }
  TRY_ASSIGN(auto engine, compile_oniguruma(pattern));
  return SplitPattern(std::move(engine), nullptr);
}

Result<SplitPattern> SplitPattern::literal(std::string_view text) {
  std::string pattern;
  for (size_t pos = 0; pos < text.size();)
    pattern += fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(decode_utf8(text, pos)));
  return compile(pattern);
}

void SplitPattern::find_all(std::string_view text, std::vector<TextSpan>& matches) const {
  bool exact = exact_ != nullptr && text.find(kVowelSeparator) != std::string_view::npos;
  auto search = (exact ? exact_ : engine_)->search(text);
  size_t last_end = std::string_view::npos;
  TextSpan match{0, 0};
  for (size_t from = 0; from < text.size() && search->next(from, match);) {
    // A look-behind construct can give a match that begins before `from`; such a pattern matches nothing more here.
    if (match.begin < from || match.end < match.begin) break;
    if (match.empty() && match.end == last_end) {
      from += std::max<size_t>(1, utf8_sequence_length(text.substr(from)));
      continue;
    }
    matches.push_back(match);
    from = last_end = match.end;
  }
}

std::string SplitPattern::replace_all(std::string_view text, std::string_view replacement) const {
  std::vector<TextSpan> matches;
  find_all(text, matches);
  std::string out;
  size_t done = 0;
  for (TextSpan match : matches) {
    out.append(text, done, match.begin - done);
    out += replacement;
    done = match.end;
  }
  return out.append(text, done);
}

}  // namespace weft
