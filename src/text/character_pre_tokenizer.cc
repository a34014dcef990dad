// The pre-tokenizer steps that look at one character after the other.
#include "base/utf8.h"
#include "text/pre_tokenizer.h"

namespace weft {
namespace {

class CharacterSplitStep : public PreTokenizerStep {
 public:
  CharacterSplitStep(bool (*delimits)(char32_t), SplitBehavior behavior) : delimits_(delimits), behavior_(behavior) {}

  void apply(SplitText& split) const override {
    std::vector<TextSpan> words;
    std::vector<TextStretch> stretches;
    for (TextSpan word : split.words) {
      stretches.clear();
      size_t done = word.begin;
      for (size_t pos = word.begin; pos < word.end;) {
        size_t at = pos;
        if (!delimits_(decode_utf8(split.text, pos))) continue;
        if (at > done) stretches.push_back({{done, at}, false});
        stretches.push_back({{at, pos}, true});
        done = pos;
      }
      if (word.end > done) stretches.push_back({{done, word.end}, false});
      join_stretches(stretches, behavior_, words);
    }
    split.words = std::move(words);
  }

 private:
  bool (*delimits_)(char32_t);
  SplitBehavior behavior_;
};

class FixedLengthStep : public PreTokenizerStep {
 public:
  explicit FixedLengthStep(size_t characters) : characters_(characters) {}

  void apply(SplitText& split) const override {
    std::vector<TextSpan> words;
    for (TextSpan word : split.words) {
      size_t begin = word.begin;
      size_t count = 0;
      for (size_t pos = word.begin; pos < word.end;) {
        pos += utf8_sequence_length(std::string_view(split.text).substr(pos));
        if (++count < characters_ && pos < word.end) continue;
        words.push_back({begin, pos});
        begin = pos;
        count = 0;
      }
    }
    split.words = std::move(words);
  }

 private:
  size_t characters_;
};

class KeptTextsStep : public PreTokenizerStep {
 public:
  explicit KeptTextsStep(const std::vector<std::string>& texts) {
    std::vector<ByteTrie::Key> keys;
    for (const std::string& text : texts) keys.push_back({text, 0});
    trie_ = ByteTrie(std::move(keys));
  }

  void apply(SplitText& split) const override {
    std::vector<TextSpan> words;
    for (TextSpan word : split.words) {
      std::string_view text = word.of(split.text);
      size_t begin = 0;
      for (size_t pos = 0; pos < text.size();) {
        size_t length = trie_.longest_prefix(text.substr(pos));
        if (length == 0) {
          ++pos;
          continue;
        }
        if (pos > begin) words.push_back({word.begin + begin, word.begin + pos});
        words.push_back({word.begin + pos, word.begin + pos + length});
        begin = pos += length;
      }
      if (begin < text.size()) words.push_back({word.begin + begin, word.end});
    }
    split.words = std::move(words);
  }

 private:
  ByteTrie trie_;
};

}  // namespace

std::unique_ptr<PreTokenizerStep> character_split_step(bool (*delimits)(char32_t), SplitBehavior behavior) {
  return std::make_unique<CharacterSplitStep>(delimits, behavior);
}
std::unique_ptr<PreTokenizerStep> fixed_length_step(size_t characters) {
  return std::make_unique<FixedLengthStep>(characters);
}
std::unique_ptr<PreTokenizerStep> kept_texts_step(const std::vector<std::string>& texts) {
  return std::make_unique<KeptTextsStep>(texts);
}

}  // namespace weft
