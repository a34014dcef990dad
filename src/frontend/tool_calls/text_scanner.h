// Text that comes in pieces, read from its front: what may still become a marker is held back.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weft {

// How a text begins: with a literal, with what may become it, or with something else.
enum class Match { kNo, kMaybe, kYes };

class TextScanner {
 public:
  void append(std::string_view text) {
    // What was read is dropped when it is most of the text, so that the cost of moving the rest stays linear.
    if (position_ > text_.size() / 2) {
      text_.erase(0, position_);
      position_ = 0;
    }
    text_ += text;
  }

  std::string_view rest() const { return std::string_view(text_).substr(position_); }
  bool empty() const { return position_ == text_.size(); }
  char front() const { return text_[position_]; }
  void skip(size_t bytes) { position_ += bytes; }
  std::string take(size_t bytes) {
    std::string taken(rest().substr(0, bytes));
    position_ += taken.size();
    return taken;
  }
  std::string take_all() { return take(rest().size()); }

  // Whether rest() begins with `literal`, as far as it goes.
  Match starts_with(std::string_view literal) const;

  static constexpr int kNone = -1;
  // Moves text to `before` up to the first of the markers, or all that can't be a marker's beginning. Returns the
  // marker's index; the marker itself is skipped. Empty markers are never found; none begins with another.
  int take_until(std::span<const std::string_view> markers, std::string& before);

 private:
  std::string text_;
  size_t position_ = 0;
};

}  // namespace weft
