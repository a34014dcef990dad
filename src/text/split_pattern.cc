#include "text/split_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "base/utf8.h"

namespace weft {

struct SplitPattern::Code {
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
};

void SplitPattern::FreeCode::operator()(Code* code) const {
  pcre2_code_free(code->code);
  pcre2_match_context_free(code->limits);
  delete code;
}

namespace {

constexpr uint32_t kMatchLimit = 10'000'000;  // steps of one match
constexpr uint32_t kDepthLimit = 100'000;
constexpr uint32_t kHeapLimitKib = 64u << 10;
constexpr size_t kMaxPatternBytes = 64u << 10;

// What Oniguruma reads otherwise than PCRE2: set intersection and \h (a hex digit there).
bool reads_otherwise(std::string_view pattern) {
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (pattern[i + 1] == 'h' || pattern[i + 1] == 'H') return true;
      ++i;
    } else if (pattern[i] == '&' && pattern[i + 1] == '&') {
      return true;
    }
  }
  return false;
}

std::string shown(std::string_view pattern) { return replace_invalid_utf8(pattern.substr(0, 200)); }

}  // namespace

Result<SplitPattern> SplitPattern::compile(std::string_view pattern) {
  if (reads_otherwise(pattern) || pattern.size() > kMaxPatternBytes) {
    return make_error(ErrorCode::kUnsupported, "the split pattern \"{}\" is not supported", shown(pattern));
  }
  int error = 0;
  size_t offset = 0;
  // In Oniguruma ^ and $ always mean lines, and a class like \w is Unicode's.
  pcre2_code* compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (compiled == nullptr) {
    return make_error(ErrorCode::kUnsupported, "the split pattern \"{}\" is not supported (PCRE2 error {} at byte {})",
                      shown(pattern), error, offset);
  }
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);  // without JIT the interpreter runs; the matches are the same
  pcre2_match_context* limits = pcre2_match_context_create(nullptr);
  CHECK(limits != nullptr);
  pcre2_set_match_limit(limits, kMatchLimit);
  pcre2_set_depth_limit(limits, kDepthLimit);
  pcre2_set_heap_limit(limits, kHeapLimitKib);
  SplitPattern out(new Code{compiled, limits});
  out.known_split_ = find_known_split(pattern);
  return out;
}

Result<SplitPattern> SplitPattern::literal(std::string_view text) {
  std::string pattern;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool word = byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!word) pattern += '\\';
    pattern += c;
  }
  if (text.find('\0') != std::string_view::npos || text.find('\n') != std::string_view::npos) {
    pattern.clear();
    for (size_t pos = 0; pos < text.size();)
      pattern += fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(decode_utf8(text, pos)));
  }
  return compile(pattern);
}

void SplitPattern::find_all(std::string_view text, std::vector<TextSpan>& matches) const {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  CHECK(data != nullptr);
  const size_t* bounds = pcre2_get_ovector_pointer(data);
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t from = 0;
  while (from < text.size()) {
    int rc =
        pcre2_match(code_->code, subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, data, code_->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
      rc = pcre2_match(code_->code, subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY | PCRE2_NO_JIT,
                       data, code_->limits);
    }
    if (rc < 0) break;
    // \K can make a match begin before `from` or behind its end; such a pattern matches nothing here.
    if (bounds[0] < from || bounds[1] <= bounds[0]) break;
    matches.push_back({bounds[0], bounds[1]});
    from = bounds[1];
  }
  pcre2_match_data_free(data);
}

}  // namespace weft
