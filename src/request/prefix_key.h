// The key of a cached page (I22): equal keys mean equal model, layout, adapter content, tenant salt and all tokens from
// the sequence's start to the page's end. SHA-256 over tagged, length-prefixed fields, chained page by page, so that a
// key costs one hash of 114 bytes whatever the length of the prefix. Shared by the page index, and later by the offload
// tiers and the router: a change of the encoding must raise kPrefixKeyVersion.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/sha256.h"
#include "request/cache_spec.h"
#include "request/ids.h"

namespace weft {

constexpr uint32_t kPrefixKeyVersion = 1;

// All that must be equal besides the tokens before two sequences may share a page.
struct PrefixScope {
  std::string model_digest;
  std::string layout_id;
  std::string adapter_digest;  // of the adapter's content; empty: none
  std::string tenant_salt;     // empty: shared by all who send none
};

// The parent of the first page's key. Each field is hashed behind its tag and length, so no two scopes run together.
Digest prefix_root_key(const PrefixScope& scope);

// The key of the page that holds `tokens` (kPageTokens of them) after the page whose key is `parent`.
Digest prefix_page_key(const Digest& parent, std::span<const TokenId> tokens);

// A 64-bit hash of the same things by other code (mix64). It is compared, with the page's own tokens, when a key is
// found: a hit that a fault in the key's making would allow is refused.
uint64_t prefix_root_fingerprint(const PrefixScope& scope);
uint64_t prefix_page_fingerprint(uint64_t parent, std::span<const TokenId> tokens);

}  // namespace weft
