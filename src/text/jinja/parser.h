// Source -> tree, by recursive descent whose depth TemplateLimits::nesting bounds.
#pragma once

#include <string>

#include "base/limits.h"
#include "base/status.h"
#include "text/jinja/ast.h"

namespace weft::jinja {

// Errors (kInvalidValue) name line and column.
Result<Tree> parse(std::string_view source, const TemplateLimits& limits);

}  // namespace weft::jinja
