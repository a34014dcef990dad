// The tokens of a vocabulary as the model's file writes them ("Ġthe", "▁the", "<0x0A>"), by id and by text.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// Immutable after construction. An id without a token has an empty form and is not found.
class Vocabulary {
 public:
  Vocabulary() = default;
  // Copies the forms, in order of their ids. Where two are equal, find() gives the lower id.
  explicit Vocabulary(std::span<const std::string_view> forms);
  explicit Vocabulary(const std::vector<std::string>& forms);

  static constexpr int32_t kNone = -1;

  int32_t size() const { return static_cast<int32_t>(offsets_.size()) - 1; }
  std::string_view form(int32_t id) const {
    auto index = static_cast<size_t>(id);
    return {text_.data() + offsets_[index], offsets_[index + 1] - offsets_[index]};
  }
  // The id, or kNone.
  int32_t find(std::string_view form) const;
  size_t longest() const { return longest_; }  // bytes of the longest form
  // The bytes that stand right before `mark` inside any token, other than those of a mark before it.
  std::bitset<256> bytes_before(std::string_view mark) const;

 private:
  struct Slot {
    uint32_t tag = 0;  // of the form's hash: other forms are hardly ever compared
    int32_t id = kNone;
  };
  template <class Forms>
  void fill(const Forms& forms);
  void index_forms();

  std::string text_;                   // all forms, one after the other
  std::vector<size_t> offsets_ = {0};  // [size + 1], in text_
  std::vector<Slot> slots_;            // open addressing; a power of two
  int shift_ = 64;
  size_t longest_ = 0;
};

// The value NN of a byte token "<0xNN>", or -1.
int byte_token_value(std::string_view form);

}  // namespace weft
