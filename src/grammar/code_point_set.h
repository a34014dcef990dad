// Sets of Unicode code points, and their UTF-8 forms in an automaton.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "grammar/nfa.h"

namespace weft {

class CodePointSet {
 public:
  struct Range {
    char32_t first, last;
    bool operator==(const Range&) const = default;
  };
  static constexpr char32_t kMax = 0x10FFFF;

  CodePointSet() = default;
  CodePointSet(std::initializer_list<Range> ranges);

  void add(char32_t first, char32_t last);
  void add(const CodePointSet& other);
  CodePointSet complement() const;
  // With everything that differs from a member only in case (simple folding).
  CodePointSet with_other_case() const;
  bool contains(char32_t code_point) const;
  const std::vector<Range>& ranges() const;  // sorted, apart
  bool operator==(const CodePointSet& other) const { return ranges() == other.ranges(); }

 private:
  void normalize() const;
  mutable std::vector<Range> ranges_;
  mutable bool normal_ = true;
};

// The UTF-8 forms of a set as a graph of byte ranges with shared tails. Surrogates have no form.
class Utf8Graph {
 public:
  explicit Utf8Graph(const CodePointSet& set);
  int32_t num_inner_states() const { return static_cast<int32_t>(nodes_.size()) - 1; }
  void add_to(Nfa& nfa, int32_t from, int32_t to) const;

 private:
  struct Edge {
    uint8_t first, last;
    int32_t to;  // kFinal: the character is complete
    bool operator==(const Edge&) const = default;
  };
  static constexpr int32_t kFinal = -1;
  void add_sequence(const uint8_t* first, const uint8_t* last, size_t length);
  int32_t share(std::vector<Edge> node);
  void share_tail_of(size_t depth);

  std::vector<std::vector<Edge>> nodes_;  // the last one is the root
  std::vector<std::vector<Edge>> open_;   // the path of the newest sequence, from the root
};

// \d \w \s as ECMA-262 has them, `.` without line terminators, and \p{name} or \p{name=value}.
const CodePointSet& digit_set();
const CodePointSet& word_set();
const CodePointSet& space_set();
const CodePointSet& not_newline_set();
// kInvalidValue: no such property. `value` is empty for a lone name: a general category or a yes-or-no property.
Result<CodePointSet> unicode_property(std::string_view name, std::string_view value);

}  // namespace weft
