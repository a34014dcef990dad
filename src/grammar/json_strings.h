// Strings as the machine and the masks read them: escapes decoded, the text followed by an automaton.
#pragma once

#include <cstdint>

#include "grammar/machine_tables.h"

namespace weft {

struct StringState {
  int32_t state = 0;   // of the text's automaton
  int32_t escape = 0;  // json_escapes.h
  int32_t chars = 0;   // begun so far, as far as they matter
};

// Whether the string can still be completed.
bool string_is_alive(const MachineTables& tables, const StringTable& table, const StringState& at);
bool string_may_end(const MachineTables& tables, const StringTable& table, const StringState& at);
// A byte other than the quote that ends it; false when no string goes on like this.
bool step_string(const MachineTables& tables, const StringTable& table, StringState& at, uint8_t byte);

}  // namespace weft
