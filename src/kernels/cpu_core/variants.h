// Choosing among the variants of an op. All of them give the same bits, so the best instruction set wins.
#pragma once

#include <string_view>

#include "base/check.h"
#include "machine/cpu_features.h"

namespace weft {

template <class Function>
struct Variant {
  std::string_view name;
  Isa isa;  // what the machine must offer
  Function run;
};

// The first entry whose instruction set is within `isa`; tables list the best first and end with the reference.
template <class Function, size_t kCount>
const Variant<Function>& choose_variant(const Variant<Function> (&table)[kCount], Isa isa) {
  for (const Variant<Function>& variant : table) {
    if (variant.isa <= isa) return variant;
  }
  check_failed(__FILE__, __LINE__, "every table ends with a scalar variant");
}

}  // namespace weft
