// Cuts a text into words before the vocabulary's algorithm sees it: the steps of tokenizer.json's "pre_tokenizer".
#pragma once

#include <bitset>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/alignment.h"
#include "text/byte_trie.h"
#include "text/known_split.h"
#include "text/split_pattern.h"

namespace weft {

// A text on its way through the steps. `words` lie in order inside `text`; bytes between them were removed.
struct SplitText {
  std::string text;
  std::vector<TextSpan> words;
  bool at_start;                // the text is the beginning of what was given to the tokenizer
  Alignment* origin = nullptr;  // wanted when not null: the alignment of `text`, kept up to date by the steps
};

// Immutable, safe to use from many threads.
class PreTokenizerStep {
 public:
  virtual ~PreTokenizerStep() = default;
  virtual void apply(SplitText& split) const = 0;
  // Not null when the step does nothing but cut as this function does.
  virtual NextWord known_split() const { return nullptr; }
};

using PreTokenizer = std::vector<std::unique_ptr<PreTokenizerStep>>;

// What happens to the text between two words that a pattern delimits (names as in tokenizer.json).
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

// A stretch of a word: what a pattern matched (a delimiter), or what lies between two matches.
struct TextStretch {
  TextSpan span;
  bool delimiter;
};
// Appends the words that the stretches of one word come to.
void join_stretches(const std::vector<TextStretch>& stretches, SplitBehavior behavior, std::vector<TextSpan>& words);

// "Split": the matches of `pattern` are the delimiters; with `invert`, what lies between them.
std::unique_ptr<PreTokenizerStep> split_step(SplitPattern pattern, SplitBehavior behavior, bool invert);

// "ByteLevel": writes the words in GPT-2's alphabet; `add_prefix_space` puts a space before a word that has none.
std::unique_ptr<PreTokenizerStep> byte_alphabet_step();
std::unique_ptr<PreTokenizerStep> prefix_space_step();

// "Metaspace": spaces become `replacement`, which `prepend` also puts in front, and words begin at each.
enum class PrependScheme { kAlways, kFirst, kNever };
std::unique_ptr<PreTokenizerStep> metaspace_step(std::string replacement, PrependScheme prepend, bool split);

// Cuts before each `mark` that does not follow another one, except behind the bytes in `joined`. SentencePiece's
// algorithms have no such step; where `joined` holds the bytes that stand before an inner mark of any token
// (Vocabulary::bytes_before), no token could cross the cuts, so it changes nothing and makes words short enough to
// remember.
std::unique_ptr<PreTokenizerStep> word_begin_step(std::string mark, std::bitset<256> joined);

// Every character for which `delimits` holds is a delimiter.
std::unique_ptr<PreTokenizerStep> character_split_step(bool (*delimits)(char32_t), SplitBehavior behavior);

// "FixedLength": words of `characters` (at least 1) characters; the last one may be shorter.
std::unique_ptr<PreTokenizerStep> fixed_length_step(size_t characters);

// Isolates the occurrences of `texts`, the longest at the leftmost place.
std::unique_ptr<PreTokenizerStep> kept_texts_step(const std::vector<std::string>& texts);

}  // namespace weft
