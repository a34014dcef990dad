#include "grammar/json_value_key.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "grammar/json_escapes.h"

namespace weft {

namespace {

uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 32);
}

uint64_t hash_text(char kind, std::string_view text) {
  uint64_t hash = static_cast<uint64_t>(kind) * 0xD6E8FEB86659FD93ull + text.size();
  for (char c : text) hash = mix(hash, static_cast<uint8_t>(c));
  return hash;
}

// Reads one string from its first quote on; `pos` goes past the last one.
std::string read_string(std::string_view text, size_t& pos) {
  std::string decoded;
  EscapeState state = 0;
  for (++pos; pos < text.size(); ++pos) {
    auto byte = static_cast<uint8_t>(text[pos]);
    if (state != 0) {
      EscapeStep step = step_escape(state, byte);
      state = step.state;
      if (step.kind == EscapeStep::Kind::kCharacter) append_utf8(decoded, step.character);
    } else if (byte == '"') {
      ++pos;
      break;
    } else if (byte == '\\') {
      state = kAfterBackslash;
    } else {
      decoded += text[pos];
    }
  }
  return decoded;
}

// Sign, digits without zeros at either end, and the exponent of ten behind them.
std::string normal_number(std::string_view text) {
  bool negative = text[0] == '-';
  std::string digits;
  int64_t exponent = 0;
  size_t pos = negative ? 1 : 0;
  bool fraction = false;
  for (; pos < text.size() && text[pos] != 'e' && text[pos] != 'E'; ++pos) {
    if (text[pos] == '.') {
      fraction = true;
      continue;
    }
    digits += text[pos];
    if (fraction) --exponent;
  }
  if (pos < text.size()) {
    bool minus = false;
    int64_t written = 0;
    for (++pos; pos < text.size(); ++pos) {
      if (text[pos] == '-') minus = true;
      if (text[pos] >= '0' && text[pos] <= '9')
        written = std::min<int64_t>(written * 10 + (text[pos] - '0'), 1LL << 50);
    }
    exponent += minus ? -written : written;
  }
  size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return "0";
  size_t last = digits.find_last_not_of('0');
  exponent += static_cast<int64_t>(digits.size() - 1 - last);
  return (negative ? "-" : "") + digits.substr(first, last - first + 1) + "e" + std::to_string(exponent);
}

struct Open {  // an array or object that is being read
  bool object;
  uint64_t hash;
  std::vector<uint64_t> entries;
  uint64_t key = 0;
};

uint64_t close(Open& open) {
  if (open.object) std::sort(open.entries.begin(), open.entries.end());
  for (uint64_t entry : open.entries) open.hash = mix(open.hash, entry);
  return mix(open.hash, open.entries.size());
}

}  // namespace

uint64_t json_value_key(std::string_view text) {
  std::vector<Open> open;
  uint64_t result = 0;
  bool key_next = false;
  auto add = [&](uint64_t value) {
    if (open.empty()) {
      result = value;
    } else {
      open.back().entries.push_back(open.back().object ? mix(open.back().key, value) : value);
    }
  };
  for (size_t pos = 0; pos < text.size();) {
    char c = text[pos];
    if (c == '"') {
      std::string decoded = read_string(text, pos);
      if (!open.empty() && open.back().object && key_next) {
        open.back().key = hash_text('k', decoded);
        key_next = false;
      } else {
        add(hash_text('s', decoded));
      }
    } else if (c == '[' || c == '{') {
      open.push_back({.object = c == '{', .hash = static_cast<uint64_t>(c) * 0xA0761D6478BD642Full, .entries = {}});
      key_next = c == '{';
      ++pos;
    } else if ((c == ']' || c == '}') && !open.empty()) {
      uint64_t value = close(open.back());
      open.pop_back();
      add(value);
      ++pos;
    } else if (c == ',') {
      key_next = !open.empty() && open.back().object;
      ++pos;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      size_t end = std::min(text.find_first_not_of("+-.0123456789eE", pos), text.size());
      add(hash_text('n', normal_number(text.substr(pos, end - pos))));
      pos = end;
    } else if (c == 't' || c == 'f' || c == 'n') {
      add(hash_text(c, ""));
      pos += c == 'f' ? 5 : 4;
    } else {
      ++pos;
    }
  }
  return result;
}

}  // namespace weft
