#include "text/digit_groups.h"

#include "base/utf8.h"
#include "text/characters.h"

namespace weft {
namespace {

enum class Kind { kCohere, kSuperbpe, kAny };

class DigitGroups : public PatternEngine {
 public:
  explicit DigitGroups(Kind kind) : kind_(kind) {}
  std::unique_ptr<Search> search(std::string_view text) const override { return std::make_unique<Groups>(kind_, text); }

 private:
  class Groups : public Search {
   public:
    Groups(Kind kind, std::string_view text) : kind_(kind), text_(text) {}

    bool next(size_t from, TextSpan& match) override {
      while (true) {
        if (from >= number_end_) {
          if (!find_number(from)) return false;
          from = number_begin_;
        }
        for (; from < number_end_; step(from)) {
          if (kind_ == Kind::kSuperbpe) {
            if (digits_left(from) % 3 != 0) continue;
            match = {from, from};
            return true;
          }
          if (!grouped_) break;
          size_t digits = digits_left(from) % 3 == 0 ? 3 : digits_left(from) % 3;
          match = {from, from};
          for (; digits > 0; --digits) step(match.end);
          return true;
        }
        from = number_end_;
      }
    }

   private:
    bool is_digit(char32_t code) const { return kind_ == Kind::kAny ? is_numeric(code) : is_decimal(code); }

    void step(size_t& pos) {
      pos += utf8_sequence_length(text_.substr(pos));
      ++digits_read_;
      read_to_ = pos;
    }

    // Digits from `pos` to the end of the number. `pos` is where the last step ended, or the number's beginning.
    size_t digits_left(size_t pos) {
      if (pos < read_to_) {
        read_to_ = number_begin_;
        digits_read_ = 0;
      }
      while (read_to_ < pos) {
        size_t at = read_to_;
        step(at);
      }
      return number_digits_ - digits_read_;
    }

    bool find_number(size_t from) {
      size_t pos = from;
      while (pos < text_.size()) {
        number_begin_ = pos;
        number_digits_ = 0;
        size_t after = pos;
        while (after < text_.size()) {
          size_t digit = after;
          if (!is_digit(decode_utf8(text_, digit))) break;
          after = digit;
          ++number_digits_;
        }
        if (number_digits_ > 0) {
          number_end_ = after;
          read_to_ = number_begin_;
          digits_read_ = 0;
          grouped_ = kind_ != Kind::kCohere || after == text_.size() || !is_word_character(decode_utf8(text_, after));
          return true;
        }
        pos += utf8_sequence_length(text_.substr(pos));
      }
      return false;
    }

    Kind kind_;
    std::string_view text_;
    size_t number_begin_ = 0, number_end_ = 0;  // the number that `from` is in
    size_t number_digits_ = 0;
    bool grouped_ = false;  // it has groups
    size_t read_to_ = 0, digits_read_ = 0;
  };

  Kind kind_;
};

}  // namespace

std::string_view cohere_digits_pattern() { return R"(\d{1,3}(?=(?:\d{3})*\b))"; }
std::string_view superbpe_digits_pattern() { return R"((?=(\d{3})+(?!\d)))"; }
std::string_view digit_groups_pattern() { return R"(\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})))"; }

std::unique_ptr<PatternEngine> find_digit_groups(std::string_view pattern) {
  if (pattern == cohere_digits_pattern()) return std::make_unique<DigitGroups>(Kind::kCohere);
  if (pattern == superbpe_digits_pattern()) return std::make_unique<DigitGroups>(Kind::kSuperbpe);
  if (pattern == digit_groups_pattern()) return std::make_unique<DigitGroups>(Kind::kAny);
  return nullptr;
}

}  // namespace weft
