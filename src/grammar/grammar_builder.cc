#include "grammar/grammar_builder.h"

#include <utility>

#include "grammar/ebnf.h"
#include "grammar/grammar_assembly.h"
#include "grammar/json_schema.h"
#include "grammar/regex.h"
#include "grammar/structural_tag.h"

namespace weft {
namespace {

Result<Dfa> choice_language(const std::vector<std::string>& choices, const GrammarLimits& limits) {
  if (choices.empty()) return make_error(ErrorCode::kInvalidValue, "A list of choices needs at least one.");
  if (choices.size() > limits.choices) {
    return make_error(ErrorCode::kGrammarTooComplex, "There are {} choices; at most {} are allowed.", choices.size(),
                      limits.choices);
  }
  return dfa::one_of(choices, limits);
}

}  // namespace

Result<BuiltGrammar> build_grammar(const GrammarSpec& spec, const TokenLookup& tokens, const GrammarLimits& limits) {
  GrammarAssembly assembly;
  ExpressionId root = 0;
  std::vector<UnenforcedKeyword> unenforced;
  const SchemaOptions options{.no_additional_properties = spec.no_additional_properties};
  switch (spec.kind) {
    case GrammarSpec::Kind::kJsonObject:
      root = assembly.value(any_object_grammar());
      break;
    case GrammarSpec::Kind::kJsonSchema: {
      TRY_ASSIGN(SchemaGrammar schema, compile_json_schema(spec.text, options, limits));
      unenforced = std::move(schema.unenforced);
      root = assembly.value(std::move(schema.grammar));
      break;
    }
    case GrammarSpec::Kind::kRegex: {
      TRY_ASSIGN(Dfa language, compile_regex(spec.text, RegexMatch::kWhole, limits));
      if (language.is_empty()) {
        return make_error(ErrorCode::kInvalidValue, "No text matches the regular expression.");
      }
      root = assembly.text(std::move(language));
      break;
    }
    case GrammarSpec::Kind::kChoice: {
      TRY_ASSIGN(Dfa language, choice_language(spec.choices, limits));
      root = assembly.text(std::move(language));
      break;
    }
    case GrammarSpec::Kind::kGrammar: {
      TRY_ASSIGN(root, add_ebnf(spec.text, tokens, limits, assembly));
      break;
    }
    case GrammarSpec::Kind::kStructuralTag: {
      StructuralTagContext context{.tokens = tokens, .schema_options = options, .limits = limits, .unenforced = {}};
      TRY_ASSIGN(root, add_structural_tag(spec.text, context, assembly));
      unenforced = std::move(context.unenforced);
      break;
    }
  }
  return BuiltGrammar{std::move(assembly).finish(root), std::move(unenforced)};
}

}  // namespace weft
