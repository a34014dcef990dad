#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "base/utf8.h"
#include "text/split_pattern.h"

namespace weft {
namespace {

constexpr uint32_t kMatchLimit = 10'000'000;  // steps of one match
constexpr uint32_t kDepthLimit = 100'000;
constexpr uint32_t kHeapLimitKib = 64u << 10;

class Pcre2Engine : public PatternEngine {
 public:
  explicit Pcre2Engine(pcre2_code* code) : code_(code), limits_(pcre2_match_context_create(nullptr)) {
    CHECK(limits_ != nullptr);
    pcre2_set_match_limit(limits_, kMatchLimit);
    pcre2_set_depth_limit(limits_, kDepthLimit);
    pcre2_set_heap_limit(limits_, kHeapLimitKib);
  }
  ~Pcre2Engine() override {
    pcre2_code_free(code_);
    pcre2_match_context_free(limits_);
  }
  Pcre2Engine(const Pcre2Engine&) = delete;
  Pcre2Engine& operator=(const Pcre2Engine&) = delete;

  std::unique_ptr<Search> search(std::string_view text) const override {
    return std::make_unique<Pcre2Search>(*this, text);
  }

 private:
  class Pcre2Search : public Search {
   public:
    Pcre2Search(const Pcre2Engine& engine, std::string_view text)
        : engine_(engine), text_(text), data_(pcre2_match_data_create(1, nullptr)) {
      CHECK(data_ != nullptr);
    }
    ~Pcre2Search() override { pcre2_match_data_free(data_); }
    Pcre2Search(const Pcre2Search&) = delete;
    Pcre2Search& operator=(const Pcre2Search&) = delete;

    bool next(size_t from, TextSpan& match) override {
      int rc = run(from, PCRE2_NO_UTF_CHECK);
      if (rc == PCRE2_ERROR_JIT_STACKLIMIT) rc = run(from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT);
      if (rc < 0) return false;
      const size_t* bounds = pcre2_get_ovector_pointer(data_);
      match = {bounds[0], bounds[1]};
      return true;
    }

   private:
    int run(size_t from, uint32_t options) {
      return pcre2_match(engine_.code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), from, options, data_,
                         engine_.limits_);
    }
    const Pcre2Engine& engine_;
    std::string_view text_;
    pcre2_match_data* data_;
  };

  pcre2_code* code_;
  pcre2_match_context* limits_;
};

}  // namespace

Result<std::unique_ptr<PatternEngine>> compile_pcre2(std::string_view pattern) {
  int error = 0;
  size_t offset = 0;
  // In Oniguruma ^ and $ always mean lines, and a class like \d is Unicode's.
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (code == nullptr) {
    return make_error(ErrorCode::kUnsupported, "the pattern \"{}\" is not supported (PCRE2 error {} at byte {})",
                      replace_invalid_utf8(pattern.substr(0, 200)), error, offset);
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without JIT the interpreter runs; the matches are the same
  return std::unique_ptr<PatternEngine>(std::make_unique<Pcre2Engine>(code));
}

}  // namespace weft
