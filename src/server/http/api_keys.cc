#include "server/http/api_keys.h"

#include "server/http/message.h"

namespace weft {
namespace {

constexpr std::string_view kScheme = "bearer ";

bool equal_in_constant_time(const Digest& a, const Digest& b) {
  uint8_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == 0;
}

}  // namespace

ApiKeys::ApiKeys(std::span<const std::string> keys) {
  for (const std::string& key : keys) digests_.push_back(sha256(key));
}

std::optional<size_t> ApiKeys::find(std::string_view authorization) const {
  if (!equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  Digest digest = sha256(authorization.substr(kScheme.size()));
  std::optional<size_t> found;
  for (size_t i = 0; i < digests_.size(); ++i) {
    if (equal_in_constant_time(digest, digests_[i])) found = i;
  }
  return found;
}

}  // namespace weft
