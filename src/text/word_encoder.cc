#include "text/word_encoder.h"

namespace weft {
namespace {

constexpr size_t kKeptEncoders = 16;
constexpr size_t kKeptSymbols = 16'384;  // of the scratch memory; a longer word is rare

}  // namespace

size_t WordEncoder::encode_words(std::string_view text, size_t begin, size_t end, NextWord next,
                                 std::vector<int32_t>& out) {
  const char* at = text.data() + begin;
  const char* stop = text.data() + end;
  const char* text_end = text.data() + text.size();
  while (at < stop) {
    const char* word_end = next(at, text_end);
    encode({at, static_cast<size_t>(word_end - at)}, text_end, out);
    at = word_end;
  }
  return static_cast<size_t>(at - text.data());
}

void WordEncoder::shrink() {
  if (scratch_.symbols.capacity() > kKeptSymbols) scratch_ = MergeScratch();
}

WordEncoderPool::Lease::Lease(WordEncoderPool& pool) : pool_(pool) {
  {
    std::lock_guard lock(pool.mutex_);
    if (!pool.idle_.empty()) {
      encoder_ = std::move(pool.idle_.back());
      pool.idle_.pop_back();
    }
  }
  if (encoder_ == nullptr) encoder_ = std::make_unique<WordEncoder>(pool.model_);
}

WordEncoderPool::Lease::~Lease() {
  encoder_->shrink();
  std::lock_guard lock(pool_.mutex_);
  if (pool_.idle_.size() < kKeptEncoders) pool_.idle_.push_back(std::move(encoder_));
}

}  // namespace weft
