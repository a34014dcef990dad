// Texts up to the first of several strings: what structural tags call free text.
#pragma once

#include <string>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/dfa.h"

namespace weft {

// Valid UTF-8 in which none of the strings occurs.
Result<Dfa> text_without(const std::vector<std::string>& strings, const GrammarLimits& limits);

// Valid UTF-8 that ends with one of `ends` and has no other occurrence of any of `ends` or `forbidden`: where several
// end at once, those of `forbidden` win.
Result<Dfa> text_until(const std::vector<std::string>& ends, const std::vector<std::string>& forbidden,
                       const GrammarLimits& limits);

}  // namespace weft
