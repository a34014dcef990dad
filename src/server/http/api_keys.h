// API keys: held as SHA-256, compared in constant time, never logged (I32).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"

namespace weft {

class ApiKeys {
 public:
  explicit ApiKeys(std::span<const std::string> keys);

  bool required() const { return !digests_.empty(); }

  // Which key an Authorization header ("Bearer ...") holds. The time does not depend on the keys' bytes.
  std::optional<size_t> find(std::string_view authorization) const;

  size_t size() const { return digests_.size(); }

 private:
  std::vector<Digest> digests_;
};

}  // namespace weft
