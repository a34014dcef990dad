// Users' regular expressions, string formats and number ranges as automata (dfa.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/dfa.h"

namespace weft {

// ECMA-262 with the `u` flag, as JSON Schema wants it, over valid UTF-8: classes, \d \w \s \p{..}, groups (named,
// non-capturing), alternation, greedy and lazy quantifiers (the same language), ^ $ \b where they are regular,
// look-ahead and look-behind where it can be intersected. Errors (kInvalidValue) name the offset and what is not
// supported: back-references, and what the limits refuse.
enum class RegexMatch {
  kWhole,  // the whole text, as in `structured_outputs.regex`
  kSearch  // anywhere in the text, as in JSON Schema's `pattern`
};
Result<Dfa> compile_regex(std::string_view pattern, RegexMatch match, const GrammarLimits& limits);

// The texts of a JSON Schema `format` ("date-time", "uuid", ...); null for a format that is an annotation only.
Result<DfaPtr> format_language(std::string_view format, const GrammarLimits& limits);

// A decimal number as JSON Schema files write it: sign, digits without leading zeros, exponent of ten; exact.
struct Decimal {
  bool negative = false;
  std::string digits = "0";  // no leading zeros; "0" for zero
  int64_t exponent = 0;      // value = +-digits * 10^exponent, digits without trailing zeros
};
Result<Decimal> parse_decimal(std::string_view json_number);
int compare(const Decimal& a, const Decimal& b);

// The numbers of a schema, as a set of values. Literals: JSON's, without exponent where a bound, a multiple or a set
// of values has to be known ("1.0" is the integer 1).
struct NumberSet {
  std::optional<Decimal> minimum, maximum;
  bool exclusive_minimum = false, exclusive_maximum = false;
  std::optional<Decimal> multiple_of;  // > 0; 1 for "integer"
};
Result<Dfa> number_language(const NumberSet& set, const GrammarLimits& limits);
// All literals of this one value, and of every value (JSON's number grammar, with exponents).
Result<Dfa> number_value_language(const Decimal& value, const GrammarLimits& limits);
Dfa any_number();
Dfa any_number_without_exponent();  // the universe of complements

}  // namespace weft
