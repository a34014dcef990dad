#include "grammar/grammar_probe.h"

#include <algorithm>
#include <ctime>
#include <memory>

#include "base/json.h"
#include "base/rng.h"

namespace weft {
namespace {

std::vector<uint32_t> make_mask(const GrammarVocabulary& vocabulary) {
  return std::vector<uint32_t>((static_cast<size_t>(vocabulary.size()) + 31) / 32);
}

bool has_bit(const std::vector<uint32_t>& mask, TokenId token) {
  auto index = static_cast<size_t>(token);
  return token >= 0 && index / 32 < mask.size() && ((mask[index / 32] >> (index % 32)) & 1) != 0;
}

std::vector<TokenId> legal_tokens(const std::vector<uint32_t>& mask) {
  std::vector<TokenId> tokens;
  for (size_t word = 0; word < mask.size(); ++word) {
    for (uint32_t bits = mask[word]; bits != 0; bits &= bits - 1) {
      tokens.push_back(static_cast<TokenId>(word * 32 + static_cast<size_t>(__builtin_ctz(bits))));
    }
  }
  return tokens;
}

// How fast a token brings JSON (and most other grammars) to an end: 0 is best. `in_string`: free text may stand here.
int closing_rank(std::string_view bytes, bool in_string) {
  if (bytes == "\"") return in_string ? 0 : 2;
  if (bytes.size() != 1) return bytes.empty() ? 9 : 6;
  char c = bytes.front();
  if (c == '}' || c == ']' || c == ')') return in_string ? 5 : 0;
  if (c == '0' || c == '1') return 3;
  if (c == ' ' || c == '\t' || c == '\r' || c == '\n') return 8;
  return c == '\\' || c == ',' ? 7 : 5;
}

// Chooses the tokens of one sample.
class Sampler {
 public:
  Sampler(const GrammarProbe& probe, const SampleOptions& options)
      : probe_(probe), options_(options), rng_(options.seed) {}

  TokenId pick(const std::vector<TokenId>& legal, std::string_view text, int32_t position) {
    // No structure of JSON begins with this letter.
    bool in_string = std::any_of(legal.begin(), legal.end(), [&](TokenId token) { return bytes(token) == "q"; });
    bool string_begins = text.ends_with('"');
    bool closing = position >= options_.free_tokens;
    if (string_begins && !options_.hints.empty() && rng_.chance(closing ? 0.9 : 0.4)) {
      pending_ = options_.hints[rng_.below(options_.hints.size())] + '"';
    }
    if (TokenId token = follow_hint(legal); token >= 0) return token;
    return closing ? pick_closing(legal, in_string) : pick_free(legal);
  }

 private:
  std::string_view bytes(TokenId token) const { return probe_.tokenizer.token_bytes(token); }

  // The longest token that goes on with the hint; -1 when there is none.
  TokenId follow_hint(const std::vector<TokenId>& legal) {
    TokenId best = -1;
    size_t length = 0;
    for (TokenId token : legal) {
      if (pending_.empty() || token == probe_.end_token) break;
      std::string_view candidate = bytes(token);
      if (candidate.size() > length && std::string_view(pending_).starts_with(candidate)) {
        best = token;
        length = candidate.size();
      }
    }
    pending_.erase(0, best >= 0 ? length : pending_.size());
    return best;
  }

  TokenId pick_free(const std::vector<TokenId>& legal) {
    if (rng_.chance(0.5)) return legal[rng_.below(legal.size())];
    // Short tokens are where the structure is; among all they would hardly be drawn.
    std::vector<TokenId> brief;
    for (TokenId token : legal) {
      if (token == probe_.end_token || bytes(token).size() <= 2) brief.push_back(token);
    }
    const std::vector<TokenId>& from = brief.empty() ? legal : brief;
    return from[rng_.below(from.size())];
  }

  TokenId pick_closing(const std::vector<TokenId>& legal, bool in_string) {
    int best_rank = 10;
    std::vector<TokenId> best;
    for (TokenId token : legal) {
      if (token == probe_.end_token) return token;
      int rank = closing_rank(bytes(token), in_string);
      if (rank < best_rank) best.clear();
      if (rank > best_rank) continue;
      best_rank = rank;
      best.push_back(token);
    }
    // Now and then any token, or a loop that closing does not leave would go on forever.
    return best.empty() || rng_.chance(0.03) ? legal[rng_.below(legal.size())] : best[rng_.below(best.size())];
  }

  const GrammarProbe& probe_;
  const SampleOptions& options_;
  Rng rng_;
  std::string pending_;  // what is left of a hint that is being followed
};

// What reading the clock itself adds to a measured time.
double clock_cost_us() {
  double least = 1e9;
  for (int i = 0; i < 16; ++i) {
    double start = thread_cpu_us();
    least = std::min(least, thread_cpu_us() - start);
  }
  return least;
}

}  // namespace

double thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

std::vector<std::string> schema_hints(std::string_view schema) {
  std::vector<std::string> hints;
  auto root = parse_json(schema, {.max_depth = 256});
  if (!root) return hints;
  std::vector<const Json*> open{&*root};
  auto take = [&](const Json& value) {
    if (value.is_string()) hints.emplace_back(value.get_string());
  };
  while (!open.empty()) {
    const Json& value = *open.back();
    open.pop_back();
    if (value.is_array()) {
      for (const Json& element : value.get_array()) open.push_back(&element);
    } else if (value.is_object()) {
      for (const auto& member : value.get_object()) {
        bool is_list = member.key() == "required" || member.key() == "enum";
        if (is_list && member.value().is_array()) {
          for (const Json& element : member.value().get_array()) take(element);
        } else if (member.key() == "properties" && member.value().is_object()) {
          for (const auto& property : member.value().get_object()) hints.emplace_back(property.key());
        } else if (member.key() == "const") {
          take(member.value());
        }
        open.push_back(&member.value());
      }
    }
  }
  std::sort(hints.begin(), hints.end());
  hints.erase(std::unique(hints.begin(), hints.end()), hints.end());
  return hints;
}

TextVerdict check_text(const GrammarProbe& probe, const TokenConstraint& constraint, std::string_view text) {
  TextVerdict verdict;
  std::vector<TokenId> tokens =
      probe.tokenizer.encode(text, {.add_special_tokens = false, .parse_special_tokens = false});
  size_t text_tokens = tokens.size();
  tokens.push_back(probe.end_token);
  std::vector<uint32_t> mask = make_mask(probe.vocabulary);
  double clock_cost = clock_cost_us();
  std::unique_ptr<ConstraintState> state = constraint.start();
  size_t bytes_before = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    double start = thread_cpu_us();
    std::fill(mask.begin(), mask.end(), 0u);
    Status filled = state->fill_mask(mask);
    verdict.mask_us.push_back(std::max(0.0, thread_cpu_us() - start - clock_cost));
    std::string_view bytes = i < text_tokens ? probe.tokenizer.token_bytes(tokens[i]) : "the end";
    std::string where = fmt::format("token {} ('{}') at byte {}", i, bytes, bytes_before);
    if (!filled) {
      verdict.reason = fmt::format("No mask before {}: {}", where, filled.error().message);
      return verdict;
    }
    if (!has_bit(mask, tokens[i])) {
      verdict.reason = fmt::format("Not legal: {}.", where);
      return verdict;
    }
    if (i == text_tokens) break;
    if (Status accepted = state->accept(tokens[i]); !accepted) {
      verdict.reason = fmt::format("In the mask, but refused: {}: {}", where, accepted.error().message);
      return verdict;
    }
    bytes_before += bytes.size();
  }
  verdict.accepted = true;
  return verdict;
}

Result<SampledText> sample_text(const GrammarProbe& probe, const TokenConstraint& constraint,
                                const SampleOptions& options) {
  SampledText sample;
  Sampler sampler(probe, options);
  std::vector<uint32_t> mask = make_mask(probe.vocabulary);
  std::unique_ptr<ConstraintState> state = constraint.start();
  while (sample.tokens < options.max_tokens) {
    std::fill(mask.begin(), mask.end(), 0u);
    std::string where = fmt::format("token {} after {}", sample.tokens, sample.text);
    if (Status filled = state->fill_mask(mask); !filled) return in_context(where, filled.error());
    std::vector<TokenId> legal = legal_tokens(mask);
    if (legal.empty()) return make_error(ErrorCode::kInternalError, "No token is legal: {}.", where);
    TokenId token = sampler.pick(legal, sample.text, sample.tokens);
    if (token == probe.end_token) {
      sample.finished = true;
      break;
    }
    if (Status accepted = state->accept(token); !accepted) return in_context(where, accepted.error());
    sample.text += probe.tokenizer.token_bytes(token);
    ++sample.tokens;
  }
  return sample;
}

}  // namespace weft
