#define ONIG_ESCAPE_UCHAR_COLLISION 1  // ICU's headers and Oniguruma's both want the name UChar
#include <fmt/format.h>
#include <oniguruma.h>

#include "base/utf8.h"
#include "text/split_pattern.h"

namespace weft {
namespace {

constexpr unsigned int kStackLimit = 100'000;      // entries of the back-tracking stack
constexpr unsigned long kRetryLimit = 10'000'000;  // in one match
constexpr int kMaxCaptures = 64;

const OnigUChar* bytes_of(const char* text) { return reinterpret_cast<const OnigUChar*>(text); }

class OnigurumaEngine : public PatternEngine {
 public:
  explicit OnigurumaEngine(OnigRegex regex) : regex_(regex) {}
  ~OnigurumaEngine() override { onig_free(regex_); }
  OnigurumaEngine(const OnigurumaEngine&) = delete;
  OnigurumaEngine& operator=(const OnigurumaEngine&) = delete;

  std::unique_ptr<Search> search(std::string_view text) const override {
    return std::make_unique<OnigurumaSearch>(regex_, text);
  }

 private:
  class OnigurumaSearch : public Search {
   public:
    OnigurumaSearch(OnigRegex regex, std::string_view text)
        : regex_(regex), text_(text), region_(onig_region_new()), limits_(onig_new_match_param()) {
      CHECK(region_ != nullptr && limits_ != nullptr);
      onig_initialize_match_param(limits_);
      onig_set_match_stack_limit_size_of_match_param(limits_, kStackLimit);
      onig_set_retry_limit_in_match_of_match_param(limits_, kRetryLimit);
    }
    ~OnigurumaSearch() override {
      onig_region_free(region_, 1);
      onig_free_match_param(limits_);
    }
    OnigurumaSearch(const OnigurumaSearch&) = delete;
    OnigurumaSearch& operator=(const OnigurumaSearch&) = delete;

    bool next(size_t from, TextSpan& match) override {
      const char* end = text_.data() + text_.size();
      int at = onig_search_with_param(regex_, bytes_of(text_.data()), bytes_of(end), bytes_of(text_.data() + from),
                                      bytes_of(end), region_, ONIG_OPTION_NONE, limits_);
      if (at < 0) return false;
      match = {static_cast<size_t>(region_->beg[0]), static_cast<size_t>(region_->end[0])};
      return true;
    }

   private:
    OnigRegex regex_;
    std::string_view text_;
    OnigRegion* region_;
    OnigMatchParam* limits_;
  };

  OnigRegex regex_;
};

}  // namespace

Result<std::unique_ptr<PatternEngine>> compile_oniguruma(std::string_view pattern) {
  // The library's tables are set up once, by whoever comes first.
  static const int started = [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    return onig_initialize(encodings, 1);
  }();
  if (started != ONIG_NORMAL) return make_error(ErrorCode::kInternalError, "Oniguruma can't be started");
  OnigRegex regex = nullptr;
  OnigErrorInfo info{};
  int rc = onig_new(&regex, bytes_of(pattern.data()), bytes_of(pattern.data() + pattern.size()), ONIG_OPTION_NONE,
                    ONIG_ENCODING_UTF8, ONIG_SYNTAX_ONIGURUMA, &info);
  if (rc == ONIG_NORMAL && onig_number_of_captures(regex) <= kMaxCaptures) {
    return std::unique_ptr<PatternEngine>(std::make_unique<OnigurumaEngine>(regex));
  }
  OnigUChar message[ONIG_MAX_ERROR_MESSAGE_LEN] = "it has too many groups";
  if (rc == ONIG_NORMAL) {
    onig_free(regex);
  } else {
    onig_error_code_to_str(message, rc, &info);
  }
  return make_error(ErrorCode::kUnsupported, "the pattern \"{}\" is not supported by Oniguruma: {}",
                    replace_invalid_utf8(pattern.substr(0, 200)),
                    replace_invalid_utf8(reinterpret_cast<const char*>(message)));
}

}  // namespace weft
