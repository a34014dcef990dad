#include "grammar/grammar_probe.h"

#include <algorithm>
#include <ctime>
#include <memory>

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

// How fast a token brings JSON (and most other grammars) to an end: 0 is best.
int closing_rank(std::string_view bytes) {
  if (bytes.empty()) return 9;
  if (bytes.find_first_not_of("\"}])") == std::string_view::npos) return static_cast<int>(bytes.size() > 1);
  if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos) return 8;
  if (bytes == "0" || bytes == "1") return 2;
  if (bytes.size() == 1) return bytes.front() == '\\' || bytes.front() == ',' ? 4 : 3;
  return 5;
}

TokenId pick(const std::vector<TokenId>& legal, const GrammarProbe& probe, const SampleOptions& options,
             int32_t position, Rng& rng) {
  if (position < options.free_tokens) {
    if (rng.chance(0.5)) return legal[rng.below(legal.size())];
    // Short tokens are where the structure is; among all they would hardly be drawn.
    std::vector<TokenId> brief;
    for (TokenId token : legal) {
      if (token == probe.end_token || probe.tokenizer.token_bytes(token).size() <= 2) brief.push_back(token);
    }
    const std::vector<TokenId>& from = brief.empty() ? legal : brief;
    return from[rng.below(from.size())];
  }
  int best_rank = 10;
  std::vector<TokenId> best;
  for (TokenId token : legal) {
    if (token == probe.end_token) return token;
    int rank = closing_rank(probe.tokenizer.token_bytes(token));
    if (rank < best_rank) best.clear();
    if (rank > best_rank) continue;
    best_rank = rank;
    best.push_back(token);
  }
  // Now and then any token, or a loop that closing does not leave would go on forever.
  return best.empty() || rng.chance(0.05) ? legal[rng.below(legal.size())] : best[rng.below(best.size())];
}

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
  Rng rng(options.seed);
  std::vector<uint32_t> mask = make_mask(probe.vocabulary);
  std::unique_ptr<ConstraintState> state = constraint.start();
  while (sample.tokens < options.max_tokens) {
    std::fill(mask.begin(), mask.end(), 0u);
    std::string where = fmt::format("token {} after {}", sample.tokens, sample.text);
    if (Status filled = state->fill_mask(mask); !filled) return in_context(where, filled.error());
    std::vector<TokenId> legal = legal_tokens(mask);
    if (legal.empty()) return make_error(ErrorCode::kInternalError, "No token is legal: {}.", where);
    TokenId token = pick(legal, probe, options, sample.tokens, rng);
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
