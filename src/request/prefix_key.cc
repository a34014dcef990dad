#include "request/prefix_key.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/rng.h"

namespace weft {
namespace {

// Never renumber: keys are compared between processes. New fields (media, ...) get new tags.
enum class Tag : uint8_t {
  kVersion = 1,
  kModel = 2,
  kLayout = 3,
  kAdapter = 4,
  kTenantSalt = 5,
  kParent = 6,
  kTokens = 7
};

constexpr size_t kFieldHead = 9;  // tag, then the length in 8 bytes, little end first

void put_little_endian(char* at, uint64_t value, size_t num_bytes) {
  for (size_t i = 0; i < num_bytes; ++i) at[i] = static_cast<char>(value >> (8 * i));
}

char* put_head(char* at, Tag tag, uint64_t length) {
  *at = static_cast<char>(tag);
  put_little_endian(at + 1, length, 8);
  return at + kFieldHead;
}

void append_field(std::string& out, Tag tag, std::string_view bytes) {
  char head[kFieldHead];
  put_head(head, tag, bytes.size());
  out.append(head, kFieldHead);
  out.append(bytes);
}

uint64_t fold(uint64_t state, std::string_view bytes) {
  state = mix64(state ^ bytes.size());
  for (char c : bytes) state = mix64(state ^ static_cast<uint8_t>(c));
  return state;
}

}  // namespace

Digest prefix_root_key(const PrefixScope& scope) {
  char version[4];
  put_little_endian(version, kPrefixKeyVersion, 4);
  std::string bytes;
  append_field(bytes, Tag::kVersion, std::string_view(version, 4));
  append_field(bytes, Tag::kModel, scope.model_digest);
  append_field(bytes, Tag::kLayout, scope.layout_id);
  append_field(bytes, Tag::kAdapter, scope.adapter_digest);
  append_field(bytes, Tag::kTenantSalt, scope.tenant_salt);
  return sha256(bytes);
}

Digest prefix_page_key(const Digest& parent, std::span<const TokenId> tokens) {
  CHECK(tokens.size() == kPageTokens);
  // 114 bytes: with SHA-256's padding just two blocks.
  std::array<char, kFieldHead + sizeof(Digest) + kFieldHead + 4 * kPageTokens> bytes;
  char* at = put_head(bytes.data(), Tag::kParent, parent.size());
  std::memcpy(at, parent.data(), parent.size());
  at = put_head(at + parent.size(), Tag::kTokens, 4 * kPageTokens);
  for (TokenId token : tokens) {
    put_little_endian(at, static_cast<uint32_t>(token), 4);
    at += 4;
  }
  return sha256(std::string_view(bytes.data(), bytes.size()));
}

uint64_t prefix_root_fingerprint(const PrefixScope& scope) {
  uint64_t state = fold(kPrefixKeyVersion, scope.model_digest);
  state = fold(state, scope.layout_id);
  state = fold(state, scope.adapter_digest);
  return fold(state, scope.tenant_salt);
}

uint64_t prefix_page_fingerprint(uint64_t parent, std::span<const TokenId> tokens) {
  uint64_t state = mix64(parent);
  for (TokenId token : tokens) state = mix64(state ^ static_cast<uint32_t>(token));
  return state;
}

}  // namespace weft
