// Whether an array or object that was begun can still be finished: what keeps a grammar machine out of dead ends.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "grammar/machine_tables.h"

namespace weft {

// One number per counted condition, no more than matters: at most max + 1, or min where there is no max.
using ConditionCounts = std::vector<int32_t>;

ConditionCounts no_counts(const std::vector<CountedCondition>& conditions);
// `bits`: EntryChoice::counts.
ConditionCounts add_counts(const std::vector<CountedCondition>& conditions, const ConditionCounts& counts,
                           uint32_t bits);
bool counts_reach_minimum(const std::vector<CountedCondition>& conditions, const ConditionCounts& counts);
bool counts_exceed_maximum(const std::vector<CountedCondition>& conditions, const ConditionCounts& counts);

// `heights`: of all values; a value may be entered when its height is at most `room`. The answers are exact, except
// that a search of more than kMaxSearch combinations of conditions gives up and says no.
class ContainerRules {
 public:
  static constexpr size_t kMaxSearch = 20'000;

  explicit ContainerRules(std::span<const ValueTable> values) : values_(values) {}

  bool may_enter(const EntryChoice& choice, int32_t room) const {
    return values_[static_cast<size_t>(choice.value)].height <= room;
  }
  bool any_may_enter(const std::vector<EntryChoice>& choices, int32_t room) const;

  // After `index` items.
  bool array_can_finish(const ArrayTable& table, int64_t index, const ConditionCounts& counts, int32_t room) const;
  bool array_may_end(const ArrayTable& table, int64_t index, const ConditionCounts& counts) const;

  // `seen`: a bit per property that is present; `count`: all properties that are.
  struct ObjectProgress {
    std::span<const uint64_t> seen;
    int64_t count = 0;
    const ConditionCounts* counts = nullptr;
  };
  bool object_can_finish(const ObjectTable& table, const ObjectProgress& progress, int32_t room) const;
  bool object_may_end(const ObjectTable& table, const ObjectProgress& progress) const;

 private:
  bool search_object(const ObjectTable& table, const ObjectProgress& progress, const std::vector<uint64_t>& needed,
                     int32_t room) const;
  bool fill_object(const ObjectTable& table, const ObjectProgress& progress, std::vector<uint64_t> present,
                   int64_t count, int32_t room) const;
  bool other_key_may_enter(const ObjectTable& table, int32_t room) const;
  bool property_possible(const ObjectTable& table, size_t property, int32_t room) const;

  std::span<const ValueTable> values_;
};

inline bool has_bit(std::span<const uint64_t> words, size_t bit) {
  return bit / 64 < words.size() && ((words[bit / 64] >> (bit % 64)) & 1) != 0;
}

}  // namespace weft
