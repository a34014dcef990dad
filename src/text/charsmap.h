// SentencePiece's compiled normalisation rules: a double-array trie (Darts, Aoe 1989) from byte strings to their
// replacements, as "precompiled_charsmap" holds it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weft {

// Owns its tables. Immutable, safe to use from many threads. Damaged tables give wrong texts, never a wild read.
class Charsmap {
 public:
  // Reads: u32 bytes of the trie, the trie's units (u32 each, little endian), the replacements (each ends with 0).
  static Result<Charsmap> parse(std::string_view blob);

  struct Match {
    size_t length = 0;             // of what is replaced; 0: no rule begins here
    std::string_view replacement;  // may be empty
  };
  // The longest or the shortest rule whose left side `text` begins with.
  Match longest(std::string_view text) const { return match(text, false); }
  Match shortest(std::string_view text) const { return match(text, true); }

 private:
  Match match(std::string_view text, bool first_only) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace weft
