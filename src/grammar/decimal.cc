// Exact decimal numbers, as schemas write them.
#include <algorithm>
#include <limits>

#include "grammar/regex.h"

namespace weft {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t skip_digits(std::string_view text, size_t pos) {
  while (pos < text.size() && is_digit(text[pos])) ++pos;
  return pos;
}

Error not_a_number(std::string_view text) {
  return make_error(ErrorCode::kInvalidValue, "'{}' is not a JSON number of reasonable size.", text.substr(0, 64));
}

}  // namespace

Result<Decimal> parse_decimal(std::string_view text) {
  constexpr size_t kMaxExponentDigits = 9;
  Decimal out;
  size_t pos = 0;
  if (text.starts_with('-')) {
    out.negative = true;
    ++pos;
  }
  const size_t int_end = skip_digits(text, pos);
  if (int_end == pos) return not_a_number(text);
  std::string digits(text.substr(pos, int_end - pos));
  pos = int_end;
  if (pos < text.size() && text[pos] == '.') {
    const size_t end = skip_digits(text, pos + 1);
    if (end == pos + 1) return not_a_number(text);
    digits += text.substr(pos + 1, end - pos - 1);
    out.exponent = -static_cast<int64_t>(end - pos - 1);
    pos = end;
  }
  if (pos < text.size() && (text[pos] == 'e' || text[pos] == 'E')) {
    ++pos;
    const bool negative = pos < text.size() && text[pos] == '-';
    if (pos < text.size() && (text[pos] == '-' || text[pos] == '+')) ++pos;
    const size_t end = skip_digits(text, pos);
    while (pos < end && text[pos] == '0' && pos + 1 < end) ++pos;
    if (end == pos || end - pos > kMaxExponentDigits) return not_a_number(text);
    int64_t exponent = 0;
    for (; pos < end; ++pos) exponent = exponent * 10 + (text[pos] - '0');
    out.exponent += negative ? -exponent : exponent;
  }
  if (pos != text.size()) return not_a_number(text);
  const size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal{};
  const size_t last = digits.find_last_not_of('0');
  out.exponent += static_cast<int64_t>(digits.size() - 1 - last);
  out.digits = digits.substr(first, last - first + 1);
  return out;
}

int compare(const Decimal& a, const Decimal& b) {
  const int sign_a = a.digits == "0" ? 0 : a.negative ? -1 : 1;
  const int sign_b = b.digits == "0" ? 0 : b.negative ? -1 : 1;
  if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
  if (sign_a == 0) return 0;
  // The power of ten of the first digit decides, then the digits.
  const int64_t top_a = a.exponent + static_cast<int64_t>(a.digits.size());
  const int64_t top_b = b.exponent + static_cast<int64_t>(b.digits.size());
  int order = top_a < top_b ? -1 : top_a > top_b ? 1 : 0;
  if (order == 0) order = a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0;
  return order * sign_a;
}

}  // namespace weft
