#include "text/alignment.h"

#include <algorithm>

#include "base/utf8.h"

namespace weft {
namespace {

constexpr size_t kLookahead = 16;  // characters within which two texts are brought together again
constexpr size_t kAgreement = 2;   // so many equal characters end a stretch that changed

struct Character {
  size_t begin;
  char32_t code;
};

std::vector<Character> characters_of(std::string_view text) {
  std::vector<Character> out;
  out.reserve(text.size() + 1);
  for (size_t pos = 0; pos < text.size();) {
    size_t begin = pos;
    out.push_back({begin, decode_utf8(text, pos)});
  }
  return out;
}

class Aligner {
 public:
  Aligner(std::string_view before, const Alignment& alignment, std::string_view after)
      : before_(characters_of(before)),
        after_(characters_of(after)),
        alignment_(alignment),
        after_bytes_(after.size()) {
    out_.reserve(after.size());
  }

  Alignment run() {
    if (before_.size() == after_.size()) {
      match_each(0, 0, before_.size());
      return std::move(out_);
    }
    size_t i = 0, j = 0;
    while (j < after_.size()) {
      if (i < before_.size() && before_[i].code == after_[j].code) {
        add(j++, span_of(i)), ++i;
        continue;
      }
      auto [old_count, new_count] = changed_stretch(i, j);
      for (size_t n = 0; n < new_count; ++n) {
        add(j + n, old_count > 0 ? span_of(i + std::min(n, old_count - 1)) : inserted_at(i));
      }
      i += old_count;
      j += new_count;
    }
    return std::move(out_);
  }

 private:
  struct Counts {
    size_t before, after;
  };

  TextSpan span_of(size_t i) const { return alignment_[before_[i].begin]; }

  TextSpan inserted_at(size_t i) const {
    if (before_.empty()) return {0, 0};
    return span_of(std::min(i, before_.size() - 1));
  }

  void add(size_t j, TextSpan span) {
    size_t end = j + 1 < after_.size() ? after_[j + 1].begin : after_bytes_;
    out_.insert(out_.end(), end - after_[j].begin, span);
  }

  void match_each(size_t i, size_t j, size_t count) {
    for (size_t n = 0; n < count; ++n) add(j + n, span_of(i + n));
  }

  bool agree(size_t i, size_t j) const {
    for (size_t n = 0; n < kAgreement; ++n, ++i, ++j) {
      if (i == before_.size() || j == after_.size()) return i == before_.size() && j == after_.size();
      if (before_[i].code != after_[j].code) return false;
    }
    return true;
  }

  // The shortest stretches behind which the texts agree again; one character each where they don't soon.
  Counts changed_stretch(size_t i, size_t j) const {
    for (size_t sum = 1; sum <= kLookahead; ++sum) {
      // As many on both sides is the likeliest, then an insertion.
      for (size_t difference = sum % 2; difference <= sum; difference += 2) {
        size_t more = (sum + difference) / 2, less = (sum - difference) / 2;
        for (Counts counts : {Counts{less, more}, Counts{more, less}}) {
          if (i + counts.before > before_.size() || j + counts.after > after_.size()) continue;
          if (agree(i + counts.before, j + counts.after)) return counts;
        }
      }
    }
    return {i < before_.size() ? size_t{1} : size_t{0}, 1};
  }

  std::vector<Character> before_, after_;
  const Alignment& alignment_;
  size_t after_bytes_;
  Alignment out_;
};

}  // namespace

Alignment identity_alignment(std::string_view text, size_t begin) {
  Alignment out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    size_t length = std::max<size_t>(1, utf8_sequence_length(text.substr(pos)));
    out.insert(out.end(), length, {begin + pos, begin + pos + length});
    pos += length;
  }
  return out;
}

Alignment align_rewriting(std::string_view before, const Alignment& alignment, std::string_view after) {
  return Aligner(before, alignment, after).run();
}

}  // namespace weft
