#include "grammar/json_schema.h"

#include <algorithm>

#include "grammar/schema_builder.h"
#include "grammar/schema_json.h"
#include "grammar/schema_prune.h"
#include "grammar/schema_reader.h"

namespace weft {

Result<SchemaGrammar> compile_json_schema(std::string_view text, const SchemaOptions& options,
                                          const GrammarLimits& limits) {
  if (text.size() > limits.schema_bytes) {
    return make_error(ErrorCode::kGrammarTooComplex, "The schema has {} bytes; the limit is {}.", text.size(),
                      limits.schema_bytes);
  }
  JsonLimits json_limits;
  json_limits.max_depth = limits.schema_depth;
  TRY_ASSIGN(Json json, schema::parse_exact(text, json_limits));
  TRY_ASSIGN(schema::Document document, schema::Document::index(json));
  schema::Budget budget(limits);
  schema::Automata automata(limits, budget);
  schema::Formulas formulas;
  SchemaGrammar out;
  schema::Reader reader(document, formulas, automata, options, limits, out.unenforced);
  TRY_ASSIGN(schema::Literal root, reader.read());
  schema::Builder builder(formulas, automata, out.unenforced);
  TRY_ASSIGN(out.grammar, builder.build(root));
  TRY(schema::prune(out.grammar, budget));
  if (out.grammar.root == kNoValue) {
    return make_error(ErrorCode::kInvalidValue, "Nothing satisfies the schema: its keywords contradict each other.");
  }
  return out;
}

ValueGrammar any_value_grammar() {
  ValueShape any;
  any.null = any.true_value = any.false_value = any.is_any = true;
  any.number = std::make_shared<const Dfa>(any_number());
  any.strings.emplace_back();
  any.arrays.emplace_back().rest = {{0, 0}};
  any.objects.emplace_back().classes = {{{0, 0}}};
  return {{std::move(any)}, 0};
}

ValueGrammar any_object_grammar() {
  ValueGrammar grammar = any_value_grammar();
  ValueShape object;
  object.objects.emplace_back().classes = {{{0, 0}}};
  grammar.values.push_back(std::move(object));
  grammar.root = 1;
  return grammar;
}

}  // namespace weft
