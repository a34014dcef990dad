#include "request/prefix_key.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace weft {
namespace {

const PrefixScope kScope{.model_digest = "m", .layout_id = "l", .adapter_digest = "a", .tenant_salt = "t"};

std::vector<TokenId> page(TokenId first) {
  std::vector<TokenId> tokens(kPageTokens);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

// Made by an independent writing of the format (Python's hashlib and struct).
TEST(PrefixKey, EncodingIsPinned) {
  EXPECT_EQ(to_hex(prefix_root_key(kScope)), "9a261aaecadb697c4a1760e675c14586481bf4524705b30ea6d0810564afe8c1");
  EXPECT_EQ(to_hex(prefix_page_key(prefix_root_key(kScope), page(1000))),
            "8e477f24bd9742e36a3107f0c982993ccec4c0f18c37cc0c4e0cfc7080edd05d");
}

TEST(PrefixKey, EachFieldOfTheScopeCounts) {
  std::set<Digest> keys;
  std::set<uint64_t> fingerprints;
  const PrefixScope scopes[] = {
      kScope,
      {"x", "l", "a", "t"},
      {"m", "x", "a", "t"},
      {"m", "l", "x", "t"},
      {"m", "l", "a", "x"},
      {"ml", "", "a", "t"},
      {"", "ml", "a", "t"},
      {"m", "l", "", "at"},
      {"m", "l", "at", ""},
      {"m", "l", "a", std::string("t\0", 2)},
  };
  for (const PrefixScope& scope : scopes) {
    keys.insert(prefix_root_key(scope));
    fingerprints.insert(prefix_root_fingerprint(scope));
  }
  EXPECT_EQ(keys.size(), std::size(scopes));
  EXPECT_EQ(fingerprints.size(), std::size(scopes));
}

TEST(PrefixKey, EachTokenAndTheParentCount) {
  const Digest root = prefix_root_key(kScope);
  std::set<Digest> keys{prefix_page_key(root, page(0))};
  std::set<uint64_t> fingerprints{prefix_page_fingerprint(1, page(0))};
  for (int i = 0; i < kPageTokens; ++i) {
    std::vector<TokenId> tokens = page(0);
    tokens[i] += 1 << 24;
    keys.insert(prefix_page_key(root, tokens));
    fingerprints.insert(prefix_page_fingerprint(1, tokens));
  }
  keys.insert(prefix_page_key(prefix_page_key(root, page(0)), page(0)));
  fingerprints.insert(prefix_page_fingerprint(2, page(0)));
  EXPECT_EQ(keys.size(), kPageTokens + 2u);
  EXPECT_EQ(fingerprints.size(), kPageTokens + 2u);
}

}  // namespace
}  // namespace weft
