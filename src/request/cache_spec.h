// What the KV cache is made of, in pages. Built by the executor from the model; the cache and the scheduler see counts
// only, the executor knows the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/page.h"

namespace weft {

enum class CacheGroupKind { kFull, kWindow };

struct CacheGroup {
  CacheGroupKind kind = CacheGroupKind::kFull;
  int32_t window = 0;      // kWindow: a token sees itself and the window - 1 tokens before it
  int32_t num_layers = 0;  // layers whose K and V lie in this group's pages
  int64_t page_bytes = 0;  // all layers of the group together
};

struct CacheSpec {
  std::vector<CacheGroup> groups;
  std::string layout_id;     // names how a page's bytes are laid out; part of the prefix key
  std::string model_digest;  // SHA-256 (hex) that identifies the weights; part of the prefix key
};

}  // namespace weft
