// The filters: value|name(arguments).
#pragma once

#include <span>
#include <string_view>

#include "text/jinja/native.h"

namespace weft::jinja {

// Null where there is none of that name.
const FilterEntry* find_filter(std::string_view name);

// The parts of the table, by file.
std::span<const FilterEntry> text_filters();
std::span<const FilterEntry> sequence_filters();
std::span<const FilterEntry> value_filters();

}  // namespace weft::jinja
