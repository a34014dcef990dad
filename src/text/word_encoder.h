// Words to tokens with memory of earlier words, and a pool of such memories for the threads that encode.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "text/known_split.h"
#include "text/subword_model.h"
#include "text/word_cache.h"

namespace weft {

// For one thread at a time. What it remembers never changes a result.
class WordEncoder {
 public:
  explicit WordEncoder(const SubwordModel& model) : model_(&model) {}

  // Appends the tokens of `word` (valid UTF-8, not empty). Memory up to `readable_end` must be readable.
  void encode(std::string_view word, const char* readable_end, std::vector<int32_t>& out) {
    if (word.size() > WordCache::kMaxWordBytes) return model_->encode_word(word, scratch_, out);
    if (cache_.append(word, readable_end, out)) return;
    size_t before = out.size();
    model_->encode_word(word, scratch_, out);
    cache_.store(std::span<const int32_t>(out).subspan(before));
  }

  // The words of `text` from `begin` on that `next` cuts, until one ends at or behind `end`; the text behind it is seen
  // by `next` too. Returns where the last word ended.
  size_t encode_words(std::string_view text, size_t begin, size_t end, NextWord next, std::vector<int32_t>& out);

  // Gives back what very long words took.
  void shrink();

 private:
  const SubwordModel* model_;
  WordCache cache_;
  MergeScratch scratch_;
};

// Safe to use from many threads; keeps as many encoders as were in use at a time, up to 16 (1 MiB each).
class WordEncoderPool {
 public:
  explicit WordEncoderPool(const SubwordModel& model) : model_(model) {}

  // Takes an encoder out and puts it back at its end.
  class Lease {
   public:
    explicit Lease(WordEncoderPool& pool);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    WordEncoder* operator->() const { return encoder_.get(); }
    WordEncoder& operator*() const { return *encoder_; }

   private:
    WordEncoderPool& pool_;
    std::unique_ptr<WordEncoder> encoder_;
  };

 private:
  const SubwordModel& model_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<WordEncoder>> idle_;
};

}  // namespace weft
