#include "base/utf8.h"

#include <algorithm>

#include "base/check.h"

namespace weft {
namespace {

struct LeadByte {
  size_t length;             // of the whole sequence; 0 for a byte that can't lead
  unsigned char low = 0x80;  // range of the second byte
  unsigned char high = 0xBF;
};

LeadByte lead_byte(unsigned char byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {0};
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

// How many bytes of `text` are a well-formed sequence or the longest prefix of one; `complete` tells which.
size_t well_formed_prefix(std::string_view text, bool& complete) {
  complete = false;
  if (text.empty()) return 0;
  LeadByte lead = lead_byte(static_cast<unsigned char>(text[0]));
  if (lead.length == 0) return 0;
  size_t n = 1;
  while (n < lead.length && n < text.size()) {
    auto byte = static_cast<unsigned char>(text[n]);
    unsigned char low = n == 1 ? lead.low : 0x80;
    unsigned char high = n == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) break;
    ++n;
  }
  complete = n == lead.length;
  return n;
}

}  // namespace

size_t utf8_sequence_length(std::string_view text) {
  bool complete;
  size_t n = well_formed_prefix(text, complete);
  return complete ? n : 0;
}

size_t utf8_incomplete_suffix(std::string_view text) {
  for (size_t n = std::min<size_t>(3, text.size()); n > 0; --n) {
    bool complete;
    if (well_formed_prefix(text.substr(text.size() - n), complete) == n && !complete) return n;
  }
  return 0;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    size_t n = utf8_sequence_length(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    bool complete;
    size_t n = std::max<size_t>(1, well_formed_prefix(text, complete));
    if (complete) {
      out += text.substr(0, n);
    } else {
      out += "\xEF\xBF\xBD";
    }
    text.remove_prefix(n);
  }
  return out;
}

char32_t decode_utf8(std::string_view text, size_t& pos) {
  size_t n = utf8_sequence_length(text.substr(pos));
  CHECK(n > 0);
  auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[pos + i])); };
  char32_t code = n == 1 ? byte(0) : byte(0) & (0x7Fu >> n);
  for (size_t i = 1; i < n; ++i) code = code << 6 | (byte(i) & 0x3F);
  pos += n;
  return code;
}

void append_utf8(std::string& out, char32_t code) {
  auto push = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    push(code);
  } else if (code < 0x800) {
    push(0xC0 | code >> 6), push(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    push(0xE0 | code >> 12), push(0x80 | (code >> 6 & 0x3F)), push(0x80 | (code & 0x3F));
  } else {
    push(0xF0 | code >> 18), push(0x80 | (code >> 12 & 0x3F)), push(0x80 | (code >> 6 & 0x3F)),
        push(0x80 | (code & 0x3F));
  }
}

}  // namespace weft
