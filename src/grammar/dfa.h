// A regular language over bytes, as a deterministic automaton, and the algebra of such languages.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/status.h"

namespace weft {

// Immutable once built. State 0 is the start. Trimmed: from every state an accepting one can be reached, so that
// stepping into kDead is the only way to lose; the empty language is one state that accepts nothing.
struct Dfa {
  static constexpr int32_t kDead = -1;

  std::array<uint8_t, 256> byte_class{};  // bytes that no state tells apart share a class
  int32_t num_classes = 1;
  std::vector<int32_t> next;       // [num_states, num_classes]
  std::vector<uint8_t> accepting;  // [num_states]: 0, or the state's label (1 where nothing else is said)

  int32_t num_states() const { return static_cast<int32_t>(accepting.size()); }
  int32_t step(int32_t state, uint8_t byte) const {
    return next[static_cast<size_t>(state) * static_cast<size_t>(num_classes) + byte_class[byte]];
  }
  int32_t run(int32_t state, std::string_view bytes) const;  // kDead when it falls off
  bool accepts(std::string_view bytes) const;
  bool is_empty() const;
  size_t memory_bytes() const;
};

using DfaPtr = std::shared_ptr<const Dfa>;

// The operations give minimal automata. kInvalidValue ("grammar_too_complex") when a result, or an automaton on the
// way to it, would exceed `limits.max_states`.
namespace dfa {

Dfa nothing();
Dfa empty_text();  // only ""
Dfa any_text();    // every valid UTF-8 text
Dfa literal(std::string_view bytes);
Result<Dfa> one_of(const std::vector<std::string>& texts, const GrammarLimits& limits);
Result<Dfa> text_length(int64_t min_chars, std::optional<int64_t> max_chars, const GrammarLimits& limits);

Result<Dfa> concatenate(const Dfa& a, const Dfa& b, const GrammarLimits& limits);
Result<Dfa> repeat(const Dfa& a, int64_t min, std::optional<int64_t> max, const GrammarLimits& limits);
Result<Dfa> unite(const Dfa& a, const Dfa& b, const GrammarLimits& limits);
Result<Dfa> intersect(const Dfa& a, const Dfa& b, const GrammarLimits& limits);
Result<Dfa> subtract(const Dfa& a, const Dfa& b, const GrammarLimits& limits);  // texts of a that are not in b
bool equal(const Dfa& a, const Dfa& b);                                         // of minimal automata

// All texts when there are at most `max` of them.
std::optional<std::vector<std::string>> enumerate(const Dfa& a, size_t max);
// The number of characters of the shortest and of the longest text (no value: unbounded). Of UTF-8 languages.
struct LengthRange {
  int64_t min;
  std::optional<int64_t> max;
};
LengthRange char_lengths(const Dfa& a);

}  // namespace dfa

}  // namespace weft
