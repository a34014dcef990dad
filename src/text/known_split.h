// Hand-written splitters for the split patterns of the widely used vocabularies. They cut a text exactly as the regular
// expression does (every character lies in a word), in linear time, several times faster.
#pragma once

#include <cstddef>
#include <string_view>

namespace weft {

// Where the word that begins at `at` ends; at < end, and the text up to `end` is valid UTF-8.
using NextWord = const char* (*)(const char* at, const char* end);

// The splitter for a pattern that is spelt as tokenizer files spell it: GPT-2's; Llama 3's (also cl100k's, in the
// spelling of Llama 3); Qwen 2's. Null for any other.
NextWord find_known_split(std::string_view pattern);

// A place at or behind `from` where a word begins whatever the known splitter: behind a line break and before a
// character that is no white space. In GPT-2's pattern no word goes on behind a line break, other than with white
// space; in the others a line break is followed in its word by line breaks only, or is white space before one. The end
// of the text when there is no such place.
size_t safe_cut(std::string_view text, size_t from);

std::string_view gpt2_pattern();  // the pattern of ByteLevel's use_regex
std::string_view llama3_pattern();
std::string_view qwen2_pattern();

}  // namespace weft
