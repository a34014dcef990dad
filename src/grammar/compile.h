// From what a client asks for to a TokenConstraint. Any thread; bounded work and memory (GrammarLimits).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "grammar/vocabulary.h"
#include "request/token_constraint.h"

namespace weft {

// What an answer must look like. Equal specs give equal constraints: key() is what caches use.
struct GrammarSpec {
  enum class Kind { kJsonSchema, kJsonObject, kRegex, kChoice, kGrammar, kStructuralTag };
  Kind kind = Kind::kJsonObject;
  std::string text;                  // the schema (JSON), pattern, grammar (EBNF or GBNF) or structural tag (JSON)
  std::vector<std::string> choices;  // of kChoice
  bool strict = true;                // false: keywords that can't be enforced are reported instead of refused
  bool compact_whitespace = false;   // vLLM's disable_any_whitespace
  std::string whitespace_pattern;    // a regular expression for the white space between JSON's tokens; "": the default
  bool no_additional_properties = false;  // vLLM's disable_additional_properties: objects are closed unless they say

  std::string key() const;
};

struct UnenforcedKeyword {
  std::string path;  // JSON pointer of the schema that holds it, "" for the root
  std::string keyword;
  std::string reason;
};

struct CompiledGrammar {
  std::shared_ptr<const TokenConstraint> constraint;
  std::vector<UnenforcedKeyword> unenforced;  // empty when spec.strict
  size_t memory_bytes = 0;                    // for caches; without the vocabulary
};

// kInvalidValue: the spec is malformed, or asks for what can't be enforced (names keyword and path), or is beyond a
// limit ("grammar_too_complex").
Result<CompiledGrammar> compile_grammar(const GrammarSpec& spec, std::shared_ptr<const GrammarVocabulary> vocabulary,
                                        const GrammarLimits& limits = {});

}  // namespace weft
