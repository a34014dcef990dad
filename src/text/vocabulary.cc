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

int byte_token_value(std::string_view form) {
  if (form.size() != 6 || !form.starts_with("<0x") || form[5] != '>') return -1;
  int high = hex_digit(form[3]);
  int low = hex_digit(form[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace weft
