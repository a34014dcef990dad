#include "text/pre_tokenizer.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/byte_level.h"

namespace weft {
namespace {

void add_word(std::vector<TextSpan>& words, TextSpan span) {
  if (!span.empty()) words.push_back(span);
}

class SplitStep : public PreTokenizerStep {
 public:
  SplitStep(SplitPattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  NextWord known_split() const override {
    return behavior_ == SplitBehavior::kIsolated && !invert_ ? pattern_.known_split() : nullptr;
  }

  void apply(SplitText& split) const override {
    if (NextWord next = known_split()) return cut_words(split, next);
    std::vector<TextSpan> words;
    std::vector<TextSpan> matches;
    std::vector<TextStretch> stretches;
    for (TextSpan word : split.words) {
      matches.clear();
      stretches.clear();
      pattern_.find_all(word.of(split.text), matches);
      size_t done = word.begin;
      auto add = [&](size_t end, bool delimiter) {
        if (end > done) stretches.push_back({{done, end}, delimiter != invert_});
        done = end;
      };
      for (TextSpan match : matches) {
        add(word.begin + match.begin, false);
        add(word.begin + match.end, true);
      }
      add(word.end, false);
      join_stretches(stretches, behavior_, words);
    }
    split.words = std::move(words);
  }

 private:
  static void cut_words(SplitText& split, NextWord next) {
    std::vector<TextSpan> words;
    const char* text = split.text.data();
    for (TextSpan word : split.words) {
      for (const char *at = text + word.begin, *end = text + word.end; at < end;) {
        const char* word_end = next(at, end);
        words.push_back({static_cast<size_t>(at - text), static_cast<size_t>(word_end - text)});
        at = word_end;
      }
    }
    split.words = std::move(words);
  }

  SplitPattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

// Appends the alignment of `rewritten` to `origin`: its characters from the last one back stand for the characters (or
// bytes) of the word, what is left in front for its first one.
void align_word(const Alignment& old, std::string_view text, TextSpan word, std::string_view rewritten, bool by_byte,
                Alignment& origin) {
  std::vector<TextSpan> units;
  for (size_t at = word.begin; at < word.end; at += by_byte ? 1 : utf8_sequence_length(text.substr(at))) {
    units.push_back(old[at]);
  }
  std::vector<size_t> lengths;
  for (size_t at = 0; at < rewritten.size(); at += lengths.back()) {
    lengths.push_back(utf8_sequence_length(rewritten.substr(at)));
  }
  size_t added = lengths.size() - std::min(lengths.size(), units.size());
  for (size_t i = 0; i < lengths.size(); ++i) {
    TextSpan span = units.empty() ? TextSpan{0, 0} : units[i < added ? 0 : i - added];
    origin.insert(origin.end(), lengths[i], span);
  }
}

// Steps that change the text write every word anew: character by character, or byte by byte, after what they put in
// front.
template <class Rewrite>
void rewrite_words(SplitText& split, Rewrite rewrite, bool by_byte = false) {
  std::string text;
  Alignment origin;
  std::vector<TextSpan> words;
  words.reserve(split.words.size());
  for (size_t i = 0; i < split.words.size(); ++i) {
    size_t begin = text.size();
    rewrite(split.words[i].of(split.text), i == 0, text);
    add_word(words, {begin, text.size()});
    if (split.origin == nullptr) continue;
    align_word(*split.origin, split.text, split.words[i], std::string_view(text).substr(begin), by_byte, origin);
  }
  if (split.origin != nullptr) *split.origin = std::move(origin);
  split.text = std::move(text);
  split.words = std::move(words);
}

class ByteAlphabetStep : public PreTokenizerStep {
 public:
  void apply(SplitText& split) const override {
    rewrite_words(
        split, [](std::string_view word, bool, std::string& out) { out += to_byte_level(word); }, true);
  }
};

class PrefixSpaceStep : public PreTokenizerStep {
 public:
  void apply(SplitText& split) const override {
    rewrite_words(split, [](std::string_view word, bool, std::string& out) {
      if (!word.starts_with(' ')) out += ' ';
      out += word;
    });
  }
};

class MetaspaceStep : public PreTokenizerStep {
 public:
  MetaspaceStep(std::string replacement, PrependScheme prepend, bool split)
      : replacement_(std::move(replacement)), prepend_(prepend), split_(split) {}

  void apply(SplitText& split) const override {
    bool at_start = split.at_start;
    rewrite_words(split, [&](std::string_view word, bool first, std::string& out) {
      bool prepend = prepend_ == PrependScheme::kAlways || (prepend_ == PrependScheme::kFirst && first && at_start);
      if (prepend && !word.starts_with(' ') && !word.starts_with(replacement_)) out += replacement_;
      for (char c : word) {
        if (c == ' ') {
          out += replacement_;
        } else {
          out += c;
        }
      }
    });
    if (split_) split_at_replacements(split);
  }

 private:
  void split_at_replacements(SplitText& split) const {
    std::vector<TextSpan> words;
    for (TextSpan word : split.words) {
      size_t begin = word.begin;
      std::string_view text(split.text);
      for (size_t at = text.find(replacement_, begin + 1); at != std::string_view::npos && at < word.end;
           at = text.find(replacement_, at + 1)) {
        words.push_back({begin, at});
        begin = at;
      }
      words.push_back({begin, word.end});
    }
    split.words = std::move(words);
  }

  std::string replacement_;
  PrependScheme prepend_;
  bool split_;
};

class WordBeginStep : public PreTokenizerStep {
 public:
  WordBeginStep(std::string mark, std::bitset<256> joined) : mark_(std::move(mark)), joined_(joined) {}

  void apply(SplitText& split) const override {
    std::vector<TextSpan> words;
    for (TextSpan word : split.words) {
      std::string_view text = word.of(split.text);
      size_t begin = 0;
      size_t after_mark = std::string_view::npos;  // where the mark before ended
      for (size_t at = text.find(mark_); at != std::string_view::npos; at = text.find(mark_, after_mark)) {
        if (at > begin && at != after_mark && !joined_[static_cast<unsigned char>(text[at - 1])]) {
          words.push_back({word.begin + begin, word.begin + at});
          begin = at;
        }
        after_mark = at + mark_.size();
      }
      add_word(words, {word.begin + begin, word.end});
    }
    split.words = std::move(words);
  }

 private:
  std::string mark_;
  std::bitset<256> joined_;
};

}  // namespace

// As tokenizers' NormalizedString::split does.
void join_stretches(const std::vector<TextStretch>& stretches, SplitBehavior behavior, std::vector<TextSpan>& words) {
  bool previous_delimiter = false;
  bool open = false;  // the last word may still grow
  for (size_t i = 0; i < stretches.size(); ++i) {
    auto [span, delimiter] = stretches[i];
    switch (behavior) {
      case SplitBehavior::kRemoved:
        if (!delimiter) words.push_back(span);
        break;
      case SplitBehavior::kIsolated:
        words.push_back(span);
        break;
      case SplitBehavior::kContiguous:
        if (open && delimiter == previous_delimiter) {
          words.back().end = span.end;
        } else {
          words.push_back(span);
        }
        break;
      case SplitBehavior::kMergedWithPrevious:
        if (open && delimiter && !previous_delimiter) {
          words.back().end = span.end;
        } else {
          words.push_back(span);
        }
        break;
      case SplitBehavior::kMergedWithNext:
        if (open && !delimiter && previous_delimiter) {
          words.back().end = span.end;
        } else {
          words.push_back(span);
        }
        break;
    }
    open = true;
    previous_delimiter = delimiter;
  }
}

std::unique_ptr<PreTokenizerStep> split_step(SplitPattern pattern, SplitBehavior behavior, bool invert) {
  return std::make_unique<SplitStep>(std::move(pattern), behavior, invert);
}
std::unique_ptr<PreTokenizerStep> byte_alphabet_step() { return std::make_unique<ByteAlphabetStep>(); }
std::unique_ptr<PreTokenizerStep> prefix_space_step() { return std::make_unique<PrefixSpaceStep>(); }
std::unique_ptr<PreTokenizerStep> metaspace_step(std::string replacement, PrependScheme prepend, bool split) {
  return std::make_unique<MetaspaceStep>(std::move(replacement), prepend, split);
}

std::unique_ptr<PreTokenizerStep> word_begin_step(std::string mark, std::bitset<256> joined) {
  return std::make_unique<WordBeginStep>(std::move(mark), joined);
}

}  // namespace weft
