// Where the bytes of a rewritten text came from: for offsets of tokens in the text that a client sent.
#pragma once

#include <string_view>
#include <vector>

#include "text/split_pattern.h"

namespace weft {

// For every byte of a text the range of the original text that it stands for. All bytes of one character have the same.
using Alignment = std::vector<TextSpan>;

// Every character stands for itself, `begin` bytes into the original text.
Alignment identity_alignment(std::string_view text, size_t begin);

// The alignment of `after`, into which a rewriting turned `before` (aligned by `alignment`). Both are valid UTF-8.
// Equal characters are matched in order, and so are those of a stretch that changed; what the stretch has more than
// before stands for its last character, what it has less for nothing (as in Hugging Face's tokenizers). Characters that
// were inserted stand for the character behind them, at the end for the one before. Linear time.
Alignment align_rewriting(std::string_view before, const Alignment& alignment, std::string_view after);

}  // namespace weft
