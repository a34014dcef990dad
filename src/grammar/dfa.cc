#include "grammar/dfa.h"

#include <algorithm>
#include <utility>

#include "grammar/dfa_minimize.h"

namespace weft {

int32_t Dfa::run(int32_t state, std::string_view bytes) const {
  for (char c : bytes) {
    if (state == kDead) return kDead;
    state = step(state, static_cast<uint8_t>(c));
  }
  return state;
}

bool Dfa::accepts(std::string_view bytes) const {
  const int32_t state = run(0, bytes);
  return state != kDead && accepting[static_cast<size_t>(state)] != 0;
}

bool Dfa::is_empty() const {
  // Trimmed: only the empty language has a state from which nothing is accepted.
  return num_states() == 1 && accepting[0] == 0;
}

size_t Dfa::memory_bytes() const { return sizeof(Dfa) + next.capacity() * sizeof(int32_t) + accepting.capacity(); }

namespace dfa {

Dfa nothing() {
  Dfa out;
  out.next = {Dfa::kDead};
  out.accepting = {0};
  return out;
}

Dfa empty_text() {
  Dfa out = nothing();
  out.accepting = {1};
  return out;
}

Dfa literal(std::string_view bytes) {
  if (bytes.empty()) return empty_text();
  // Classes by smallest byte; the class of all other bytes is met first unless byte 0 is in the text.
  std::array<uint8_t, 256> used{};
  for (char c : bytes) used[static_cast<uint8_t>(c)] = 1;
  Dfa out;
  int32_t other = -1;
  int32_t count = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    if (used[byte] == 0 && other >= 0) {
      out.byte_class[byte] = static_cast<uint8_t>(other);
      continue;
    }
    if (used[byte] == 0) other = count;
    out.byte_class[byte] = static_cast<uint8_t>(count++);
  }
  out.num_classes = count;
  const size_t classes = static_cast<size_t>(count);
  out.next.assign((bytes.size() + 1) * classes, Dfa::kDead);
  out.accepting.assign(bytes.size() + 1, 0);
  out.accepting.back() = 1;
  for (size_t i = 0; i < bytes.size(); ++i) {
    out.next[i * classes + out.byte_class[static_cast<uint8_t>(bytes[i])]] = static_cast<int32_t>(i + 1);
  }
  return out;
}

namespace {

// The steps of UTF-8 inside a character: what byte ranges lead where. States 1-7 wait for continuation bytes.
struct Utf8Step {
  int32_t from;
  uint8_t first, last;
  int32_t to;
};
constexpr int32_t kCharStates = 8;
constexpr Utf8Step kUtf8Steps[] = {
    {0, 0x00, 0x7F, 0}, {0, 0xC2, 0xDF, 1}, {0, 0xE0, 0xE0, 4}, {0, 0xE1, 0xEC, 2},
    {0, 0xED, 0xED, 5}, {0, 0xEE, 0xEF, 2}, {0, 0xF0, 0xF0, 6}, {0, 0xF1, 0xF3, 3},
    {0, 0xF4, 0xF4, 7}, {1, 0x80, 0xBF, 0}, {2, 0x80, 0xBF, 1}, {3, 0x80, 0xBF, 2},
    {4, 0xA0, 0xBF, 1}, {5, 0x80, 0x9F, 1}, {6, 0x90, 0xBF, 2}, {7, 0x80, 0x8F, 2},
};

// Byte classes that tell all of kUtf8Steps apart.
void set_utf8_classes(Dfa& out) {
  std::array<uint8_t, 257> begins{};
  begins[0] = 1;
  for (const Utf8Step& step : kUtf8Steps) {
    begins[step.first] = 1;
    begins[static_cast<size_t>(step.last) + 1] = 1;
  }
  int32_t count = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    count += begins[byte];
    out.byte_class[byte] = static_cast<uint8_t>(count - 1);
  }
  out.num_classes = count;
}

// The texts of min..max characters: one block of kCharStates states per character count; the last block is the end
// (no more characters) or, without maximum, loops.
Dfa text_of_length(int64_t min, std::optional<int64_t> max) {
  Dfa raw;
  set_utf8_classes(raw);
  const int64_t last = max ? *max : min;
  const size_t blocks = static_cast<size_t>(last) + 1;
  const size_t classes = static_cast<size_t>(raw.num_classes);
  raw.next.assign(blocks * kCharStates * classes, Dfa::kDead);
  raw.accepting.assign(blocks * kCharStates, 0);
  for (size_t block = 0; block < blocks; ++block) {
    const int32_t base = static_cast<int32_t>(block) * kCharStates;
    raw.accepting[static_cast<size_t>(base)] = static_cast<int64_t>(block) >= min ? 1 : 0;
    const bool is_last = block + 1 == blocks;
    if (is_last && max) break;
    const int32_t after = is_last ? base : base + kCharStates;
    for (const Utf8Step& step : kUtf8Steps) {
      const int32_t to = step.to == 0 ? after : base + step.to;
      for (size_t c = raw.byte_class[step.first]; c <= raw.byte_class[step.last]; ++c) {
        raw.next[static_cast<size_t>(base + step.from) * classes + c] = to;
      }
    }
  }
  return minimize(raw);
}

}  // namespace

Dfa any_text() {
  static const Dfa text = text_of_length(0, std::nullopt);
  return text;
}

Result<Dfa> text_length(int64_t min_chars, std::optional<int64_t> max_chars, const GrammarLimits& limits) {
  const int64_t min = std::max<int64_t>(min_chars, 0);
  if (max_chars && *max_chars < min) return nothing();
  const int64_t counted = max_chars ? *max_chars : min;
  if (counted >= limits.max_states / kCharStates) {
    return make_error(ErrorCode::kGrammarTooComplex,
                      "A text of {} characters is longer than an automaton can count (at most {}).", counted,
                      limits.max_states / kCharStates - 1);
  }
  if (min == 0 && !max_chars) return any_text();
  return text_of_length(min, max_chars);
}

bool equal(const Dfa& a, const Dfa& b) {
  return a.num_classes == b.num_classes && a.byte_class == b.byte_class && a.accepting == b.accepting &&
         a.next == b.next;
}

}  // namespace dfa
}  // namespace weft
