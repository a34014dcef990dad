// Structural tags as vLLM and XGrammar have them: free text in which tags with a structured content may stand. Both
// {"structures": .., "triggers": ..} and {"format": ..}.
#pragma once

#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/ebnf_syntax.h"
#include "grammar/grammar_assembly.h"
#include "grammar/json_schema.h"

namespace weft {

struct StructuralTagContext {
  const TokenLookup& tokens;
  SchemaOptions schema_options;
  const GrammarLimits& limits;
  std::vector<UnenforcedKeyword> unenforced;  // of all schemas in it
};

// The expression of the whole answer, added to `out`. kInvalidValue names the place in the tag.
Result<ExpressionId> add_structural_tag(std::string_view tag, StructuralTagContext& context, GrammarAssembly& out);

}  // namespace weft
