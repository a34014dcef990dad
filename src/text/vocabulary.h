// The tokens of a vocabulary as the model's file writes them ("Ġthe", "▁the", "<0x0A>"), by id and by text.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft {

// Immutable after construction. An id without a token has an empty form and is not found.
class Vocabulary {
 public:
  Vocabulary() = default;
  // Takes the forms in order of their ids. Where two are equal, find() gives the lower id.
  explicit Vocabulary(std::vector<std::string> forms);
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;
  Vocabulary(const Vocabulary&) = delete;  // the index points into the forms
  Vocabulary& operator=(const Vocabulary&) = delete;

  static constexpr int32_t kNone = -1;

  int32_t size() const { return static_cast<int32_t>(forms_.size()); }
  std::string_view form(int32_t id) const { return forms_[static_cast<size_t>(id)]; }
  // The id, or kNone.
  int32_t find(std::string_view form) const;
  // The bytes that stand right before `mark` inside any token, other than those of a mark before it.
  std::bitset<256> bytes_before(std::string_view mark) const;

 private:
  std::vector<std::string> forms_;
  std::unordered_map<std::string_view, int32_t> ids_;
};

// The value NN of a byte token "<0xNN>", or -1.
int byte_token_value(std::string_view form);

}  // namespace weft
