// Whether a text is in Unicode's normal form C without normalising it (UAX #15, section 9: quick check).
#pragma once

#include <string_view>

namespace weft {

// True only when `text` (valid UTF-8) is its own NFC: none of its characters is a combining mark, decomposes for good,
// or could join the character before it. False for the few other texts in NFC.
bool is_surely_nfc(std::string_view text);

}  // namespace weft
