#include "text/vocabulary.h"

#include <algorithm>
#include <bit>

#include "text/byte_hash.h"

namespace weft {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Vocabulary::Vocabulary(std::span<const std::string_view> forms) { fill(forms); }
Vocabulary::Vocabulary(const std::vector<std::string>& forms) { fill(forms); }

template <class Forms>
void Vocabulary::fill(const Forms& forms) {
  size_t bytes = 0;
  for (const auto& form : forms) bytes += form.size();
  text_.reserve(bytes);
  offsets_.reserve(forms.size() + 1);
  for (const auto& form : forms) {
    text_ += form;
    offsets_.push_back(text_.size());
    longest_ = std::max(longest_, form.size());
  }
  index_forms();
}

void Vocabulary::index_forms() {
  size_t count = std::bit_ceil(std::max<size_t>(16, offsets_.size() * 2));
  slots_.resize(count);
  shift_ = 64 - std::countr_zero(count);
  for (int32_t id = 0; id < size(); ++id) {
    std::string_view text = form(id);
    if (text.empty()) continue;
    uint64_t hash = hash_bytes(text);
    auto tag = static_cast<uint32_t>(hash);
    size_t at = hash >> shift_;
    while (slots_[at].id >= 0 && !(slots_[at].tag == tag && form(slots_[at].id) == text)) at = (at + 1) & (count - 1);
    if (slots_[at].id < 0) slots_[at] = {tag, id};
  }
}

int32_t Vocabulary::find(std::string_view text) const {
  if (text.empty() || text.size() > longest_) return kNone;
  uint64_t hash = hash_bytes(text);
  auto tag = static_cast<uint32_t>(hash);
  for (size_t at = hash >> shift_;; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return kNone;
    if (slot.tag == tag && form(slot.id) == text) return slot.id;
  }
}

std::bitset<256> Vocabulary::bytes_before(std::string_view mark) const {
  std::bitset<256> out;
  for (int32_t id = 0; id < size(); ++id) {
    std::string_view text = form(id);
    size_t after_mark = 0;  // a mark at the very start of a token stands behind nothing
    for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, after_mark)) {
      if (at != after_mark) out.set(static_cast<unsigned char>(text[at - 1]));
      after_mark = at + mark.size();
    }
  }
  return out;
}

int byte_token_value(std::string_view form) {
  if (form.size() != 6 || !form.starts_with("<0x") || form[5] != '>') return -1;
  int high = hex_digit(form[3]);
  int low = hex_digit(form[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace weft
