#include "text/known_split.h"

#include "text/unicode_classes.h"

namespace weft {
namespace {

using Class = CharacterClass;

// The class of the character at `at`, which is moved behind it. The text is valid UTF-8.
inline Class read_class(const char*& at) {
  auto byte = [&](int i) { return static_cast<char32_t>(static_cast<unsigned char>(at[i])); };
  char32_t code = byte(0);
  if (code < 0x80) {
    at += 1;
  } else if (code < 0xE0) {
    code = (code & 0x1F) << 6 | (byte(1) & 0x3F);
    at += 2;
  } else if (code < 0xF0) {
    code = (code & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    at += 3;
  } else {
    code = (code & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    at += 4;
  }
  return character_class(code);
}

inline bool is_line_break(char c) { return c == '\n' || c == '\r'; }

// Where the run of characters of class `wanted` ends that goes on at `at`.
inline const char* skip_class(const char* at, const char* end, Class wanted) {
  while (at < end) {
    const char* after = at;
    if (read_class(after) != wanted) break;
    at = after;
  }
  return at;
}

inline const char* skip_line_breaks(const char* at, const char* end) {
  while (at < end && is_line_break(*at)) ++at;
  return at;
}

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// The end of 's 't 're 've 'm 'll 'd at `at`, which is an apostrophe; null when there is none.
template <bool kAnyCase>
const char* contraction(const char* at, const char* end) {
  auto letter = [&](ptrdiff_t i) { return end - at <= i ? '\0' : kAnyCase ? lower(at[i]) : at[i]; };
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return at + 2;
    case 'r':
    case 'v':
      return letter(2) == 'e' ? at + 3 : nullptr;
    case 'l':
      return letter(2) == 'l' ? at + 3 : nullptr;
    case '\xC5':  // U+017F, the long s: "s" in any case
      return kAnyCase && letter(2) == '\xBF' ? at + 3 : nullptr;
    default:
      return nullptr;
  }
}

// A run of white space, and what is behind it.
struct SpaceRun {
  const char* end;
  const char* last;              // where its last character begins
  const char* after_line_break;  // behind its last \r or \n; null when it has none
  bool ends_text;
};

inline SpaceRun read_space_run(const char* at, const char* end) {
  SpaceRun run{at, at, nullptr, true};
  while (run.end < end) {
    const char* after = run.end;
    if (read_class(after) != Class::kSpace) {
      run.ends_text = false;
      break;
    }
    run.last = run.end;
    if (is_line_break(*run.end)) run.after_line_break = after;
    run.end = after;
  }
  return run;
}

// \s+(?!\S)|\s+: all of it at the end of the text; else its last character belongs to what follows, unless it is alone.
inline const char* end_of_spaces(const char* at, const SpaceRun& run) {
  return run.ends_text || run.last == at ? run.end : run.last;
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
const char* next_gpt2_word(const char* at, const char* end) {
  const char* after = at;
  Class first = read_class(after);
  if (first == Class::kSpace) {
    if (*at == ' ' && after < end) {
      const char* behind = after;
      Class second = read_class(behind);
      if (second != Class::kSpace) return skip_class(behind, end, second);
    }
    return end_of_spaces(at, read_space_run(at, end));
  }
  if (*at == '\'') {
    if (const char* word_end = contraction<false>(at, end)) return word_end;
  }
  return skip_class(after, end, first);
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,kDigits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|
// \s+(?!\S)|\s+
template <int kDigits>
const char* next_llama_word(const char* at, const char* end) {
  const char* after = at;
  Class first = read_class(after);
  if (first == Class::kLetter) return skip_class(after, end, Class::kLetter);
  if (first == Class::kNumber) {
    for (int count = 1; count < kDigits && after < end; ++count) {
      const char* behind = after;
      if (read_class(behind) != Class::kNumber) break;
      after = behind;
    }
    return after;
  }
  if (*at == '\'') {
    if (const char* word_end = contraction<true>(at, end)) return word_end;
  }
  const char* behind = after;
  Class second = after < end ? read_class(behind) : Class::kSpace;
  if (second == Class::kLetter && !is_line_break(*at)) return skip_class(behind, end, Class::kLetter);
  if (first == Class::kOther) return skip_line_breaks(skip_class(after, end, Class::kOther), end);
  if (*at == ' ' && second == Class::kOther) return skip_line_breaks(skip_class(behind, end, Class::kOther), end);
  // \s*[\r\n]+ goes up to the last line break of the run.
  SpaceRun run = read_space_run(at, end);
  return run.after_line_break != nullptr ? run.after_line_break : end_of_spaces(at, run);
}

}  // namespace

std::string_view gpt2_pattern() {
  return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
}
std::string_view llama3_pattern() {
  return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}
std::string_view qwen2_pattern() {
  return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

NextWord find_known_split(std::string_view pattern) {
  if (pattern == gpt2_pattern()) return next_gpt2_word;
  if (pattern == llama3_pattern()) return next_llama_word<3>;
  if (pattern == qwen2_pattern()) return next_llama_word<1>;
  return nullptr;
}

size_t safe_cut(std::string_view text, size_t from) {
  for (size_t at = text.find('\n', from == 0 ? 0 : from - 1); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    const char* next = text.data() + at + 1;
    if (at + 1 < text.size() && read_class(next) != Class::kSpace) return at + 1;
  }
  return text.size();
}

}  // namespace weft
