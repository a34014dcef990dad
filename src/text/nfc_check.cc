#include "text/nfc_check.h"

#include <utf8proc.h>

#include <bitset>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>

#include "base/check.h"

namespace weft {
namespace {

constexpr size_t kChecked = 0x30000;  // code points from here on, other than 0xE0100.., never change; none is sure here

// By code point: whether it is the same in NFC behind and before anything that is sure too.
using SureTable = std::bitset<kChecked>;

SureTable make_sure_table() {
  SureTable sure;
  sure.set();
  // The jamo that join a syllable before them.
  for (size_t code = 0x1161; code <= 0x1175; ++code) sure.reset(code);
  for (size_t code = 0x11A8; code <= 0x11C2; ++code) sure.reset(code);
  for (size_t code = 0x80; code < kChecked; ++code) {
    const utf8proc_property_t* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(code));
    if (property->combining_class != 0) sure.reset(code);
    bool canonical = property->decomp_seqindex != UINT16_MAX && property->decomp_type == 0;
    bool syllable = code >= 0xAC00 && code <= 0xD7A3;
    if (!canonical || syllable) continue;
    utf8proc_int32_t parts[32];
    int boundary = 0;
    auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts, std::size(parts),
                                static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE), &boundary);
    CHECK(count > 0 && count <= static_cast<utf8proc_ssize_t>(std::size(parts)));
    // Whatever stands second in a decomposition may be composed with what is before it.
    for (utf8proc_ssize_t i = 1; i < count; ++i) {
      if (static_cast<size_t>(parts[i]) < kChecked) sure.reset(static_cast<size_t>(parts[i]));
    }
    count = utf8proc_normalize_utf32(parts, count, static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
    if (count != 1 || parts[0] != static_cast<utf8proc_int32_t>(code)) sure.reset(code);
  }
  return sure;
}

// The first place from `at` on that may hold other than ASCII.
size_t skip_ascii(std::string_view text, size_t at) {
  for (uint64_t word; at + 8 <= text.size(); at += 8) {
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

bool is_surely_nfc(std::string_view text) {
  static const auto kSure = std::make_unique<const SureTable>(make_sure_table());
  auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at])); };
  for (size_t at = 0; at < text.size();) {
    uint32_t lead = byte(at);
    if (lead < 0x80) {
      at = skip_ascii(text, at + 1);
      continue;
    }
    uint32_t code;
    if (lead < 0xE0) {
      code = (lead & 0x1F) << 6 | (byte(at + 1) & 0x3F);
      at += 2;
    } else if (lead < 0xF0) {
      code = (lead & 0x0F) << 12 | (byte(at + 1) & 0x3F) << 6 | (byte(at + 2) & 0x3F);
      at += 3;
    } else {
      code = (lead & 0x07) << 18 | (byte(at + 1) & 0x3F) << 12 | (byte(at + 2) & 0x3F) << 6 | (byte(at + 3) & 0x3F);
      at += 4;
    }
    if (code >= kChecked || !(*kSure)[code]) return false;
  }
  return true;
}

}  // namespace weft
