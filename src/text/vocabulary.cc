#include "text/vocabulary.h"

namespace weft {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Vocabulary::Vocabulary(std::vector<std::string> forms) : forms_(std::move(forms)) {
  ids_.reserve(forms_.size());
  for (size_t id = 0; id < forms_.size(); ++id) {
    if (!forms_[id].empty()) ids_.emplace(forms_[id], static_cast<int32_t>(id));
  }
}

int32_t Vocabulary::find(std::string_view form) const {
  auto at = ids_.find(form);
  return at == ids_.end() ? kNone : at->second;
}

std::bitset<256> Vocabulary::bytes_before(std::string_view mark) const {
  std::bitset<256> out;
  for (std::string_view form : forms_) {
    size_t after_mark = 0;  // a mark at the very start of a token stands behind nothing
    for (size_t at = form.find(mark); at != std::string_view::npos; at = form.find(mark, after_mark)) {
      if (at != after_mark) out.set(static_cast<unsigned char>(form[at - 1]));
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
