// Patterns that group digits by threes from the right ("12 345 678"). A regular expression looks ahead to the end of
// the number for every group: quadratic time in the length of the number, which a text can choose. Here it is linear.
#pragma once

#include <memory>
#include <string_view>

#include "text/split_pattern.h"

namespace weft {

// Groups of decimal digits; none in a number that a word character follows. Of Command R7B's and Tiny Aya's
// tokenizer.json.
std::string_view cohere_digits_pattern();
// The places between the groups of a number's decimal digits, and before its first group when it is whole. Of
// SuperBPE's tokenizer.json.
std::string_view superbpe_digits_pattern();
// Groups of digits of any kind (\p{N}). Of AFMoE's tokenizer.json.
std::string_view digit_groups_pattern();

// The engine for a pattern that is spelt like one of the above; else null.
std::unique_ptr<PatternEngine> find_digit_groups(std::string_view pattern);

}  // namespace weft
