#include "grammar/compile.h"

#include <utility>

#include "grammar/grammar_builder.h"
#include "grammar/machine_tables.h"
#include "grammar/regex.h"
#include "grammar/token_grammar.h"

namespace weft {

namespace {

void append_field(std::string& key, std::string_view field) {
  key += std::to_string(field.size());
  key += ':';
  key += field;
}

Result<WhitespacePolicy> whitespace_policy(const GrammarSpec& spec, const GrammarLimits& limits) {
  WhitespacePolicy policy;
  policy.compact = spec.compact_whitespace;
  if (spec.whitespace_pattern.empty()) return policy;
  TRY_ASSIGN(Dfa pattern, compile_regex(spec.whitespace_pattern, RegexMatch::kWhole, limits));
  TRY_ASSIGN(Dfa character, dfa::one_of({" ", "\t", "\n", "\r"}, limits));
  TRY_ASSIGN(Dfa all, dfa::repeat(character, 0, std::nullopt, limits));
  TRY_ASSIGN(Dfa both, dfa::intersect(pattern, all, limits));
  if (both.is_empty()) {
    return param_error("whitespace_pattern", "The pattern matches no white space that JSON allows between its parts.");
  }
  policy.pattern = std::make_shared<const Dfa>(std::move(both));
  return policy;
}

Error unenforced_error(const std::vector<UnenforcedKeyword>& keywords) {
  std::string list;
  for (const UnenforcedKeyword& keyword : keywords) {
    if (!list.empty()) list += "; ";
    list += fmt::format("{}: {}: {}", keyword.path.empty() ? "/" : keyword.path, keyword.keyword, keyword.reason);
  }
  return make_error(ErrorCode::kInvalidValue,
                    "The schema has keywords that can't be enforced while generating: {}. Leave them out, or set "
                    "\"strict\" to false to have them ignored.",
                    list);
}

Status check_tokens(const Grammar& grammar, int32_t vocab_size) {
  for (const Expression& expression : grammar.expressions) {
    if (expression.kind != Expression::Kind::kToken || expression.index < vocab_size) continue;
    return make_error(ErrorCode::kInvalidValue, "The grammar names token {}, but the vocabulary ends with token {}.",
                      expression.index, vocab_size - 1);
  }
  return {};
}

}  // namespace

std::string GrammarSpec::key() const {
  std::string key;
  key += static_cast<char>('a' + static_cast<int>(kind));
  key += strict ? 's' : '-';
  key += compact_whitespace ? 'c' : '-';
  key += no_additional_properties ? 'n' : '-';
  append_field(key, whitespace_pattern);
  append_field(key, text);
  for (const std::string& choice : choices) append_field(key, choice);
  return key;
}

Result<CompiledGrammar> compile_grammar(const GrammarSpec& spec, std::shared_ptr<const GrammarVocabulary> vocabulary,
                                        const GrammarLimits& limits) {
  auto tokens = std::dynamic_pointer_cast<const TokenVocabulary>(vocabulary);
  CHECK(tokens != nullptr);
  const TokenLookup named = [&tokens](std::string_view spelling) { return tokens->find_named(spelling); };
  TRY_ASSIGN(BuiltGrammar built, build_grammar(spec, named, limits));
  if (spec.strict && !built.unenforced.empty()) return unenforced_error(built.unenforced);
  CompiledGrammar compiled;
  compiled.unenforced = std::move(built.unenforced);
  Grammar grammar = std::move(built.grammar);
  TRY(check_tokens(grammar, tokens->size()));
  TRY_ASSIGN(grammar.whitespace, whitespace_policy(spec, limits));
  TRY_ASSIGN(std::shared_ptr<const MachineTables> tables, MachineTables::build(std::move(grammar), limits));
  compiled.memory_bytes = tables->memory_bytes();
  compiled.constraint = std::make_shared<const TokenGrammar>(std::move(tables), std::move(tokens));
  return compiled;
}

}  // namespace weft
