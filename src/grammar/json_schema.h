// JSON Schema (drafts 2020-12, 2019-09, 7, 6, 4; their union where `$schema` is absent) to a ValueGrammar.
#pragma once

#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/compile.h"
#include "grammar/value_grammar.h"

namespace weft {

struct SchemaOptions {
  bool no_additional_properties = false;
};

struct SchemaGrammar {
  ValueGrammar grammar;
  // Keywords that the grammar does not enforce (it accepts more than the schema does because of them).
  std::vector<UnenforcedKeyword> unenforced;
};

// kInvalidValue: not a schema (with the path), nothing satisfies it, or beyond a limit.
Result<SchemaGrammar> compile_json_schema(std::string_view schema, const SchemaOptions& options,
                                          const GrammarLimits& limits);
// Every JSON object, and every JSON value, with nesting as JSON has it.
ValueGrammar any_object_grammar();
ValueGrammar any_value_grammar();

}  // namespace weft
