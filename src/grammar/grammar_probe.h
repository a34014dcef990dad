// Looking at a compiled grammar from outside, by the token masks that a request uses: is a text accepted, what does it
// cost, and what texts does it allow at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "grammar/vocabulary.h"
#include "request/ids.h"
#include "request/token_constraint.h"
#include "text/tokenizer.h"

namespace weft {

struct GrammarProbe {
  const Tokenizer& tokenizer;
  const GrammarVocabulary& vocabulary;
  TokenId end_token;
};

struct TextVerdict {
  bool accepted = false;
  std::string reason;           // when not: where and at which token
  std::vector<double> mask_us;  // CPU time of this thread for each mask in turn, the last one for the end token
};

// Encodes `text` without special tokens; each token must be in the mask before it and be accepted, and the end token
// must be in the mask after the last one.
TextVerdict check_text(const GrammarProbe& probe, const TokenConstraint& constraint, std::string_view text);

struct SampleOptions {
  uint64_t seed = 0;
  int32_t free_tokens = 24;   // drawn at random; after them tokens that end things are preferred
  int32_t max_tokens = 4096;  // a sample that is not finished by then stays cut off
  // Texts worth trying where a string begins: names that an object needs would hardly be found by chance.
  std::vector<std::string> hints;
};
// The names and texts of a JSON schema that instances need: keys of `properties`, elements of `required`, `enum` and
// `const`. Empty for what is not JSON.
std::vector<std::string> schema_hints(std::string_view schema);

struct SampledText {
  std::string text;
  int32_t tokens = 0;
  bool finished = false;  // the end token was drawn
};

// Draws legal tokens until the end. An error is a dead end: a state without a legal token, or a legal token that is not
// accepted.
Result<SampledText> sample_text(const GrammarProbe& probe, const TokenConstraint& constraint,
                                const SampleOptions& options);

// CPU time of this thread in µs.
double thread_cpu_us();

}  // namespace weft
