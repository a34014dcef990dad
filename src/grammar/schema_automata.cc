#include "grammar/schema_automata.h"

#include <time.h>

#include <algorithm>
#include <array>

namespace weft::schema {

std::string key_of(const Decimal& number) {
  return fmt::format("{}{}e{};", number.negative ? "-" : "", number.digits, number.exponent);
}

std::string key_of(const NumberSet& set) {
  std::string key;
  if (set.minimum) key += (set.exclusive_minimum ? ">" : ">=") + key_of(*set.minimum);
  if (set.maximum) key += (set.exclusive_maximum ? "<" : "<=") + key_of(*set.maximum);
  if (set.multiple_of) key += "*" + key_of(*set.multiple_of);
  return key;
}

bool is_zero(const Decimal& number) { return number.digits.size() == 1 && number.digits[0] == '0'; }

namespace {

Nanos processor_time() {
  timespec time{};
  CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0);
  return static_cast<Nanos>(time.tv_sec) * kNanosPerSecond + time.tv_nsec;
}

}  // namespace

Budget::Budget(const GrammarLimits& limits) : left_(limits.steps), end_(processor_time() + limits.compile_time) {}

Status Budget::spend(uint64_t steps) {
  constexpr uint64_t kLookEvery = 20'000;
  constexpr const char* kMessage = "Compiling the schema takes more than {}; make it simpler.";
  if (steps > left_ || left_ == 0) {
    left_ = 0;  // whatever is tried next fails too
    return make_error(ErrorCode::kGrammarTooComplex, kMessage, "the allowed number of steps");
  }
  left_ -= steps;
  spent_since_look_ += steps;
  if (spent_since_look_ < kLookEvery) return {};
  spent_since_look_ = 0;
  if (processor_time() > end_) {
    left_ = 0;
    return make_error(ErrorCode::kGrammarTooComplex, kMessage, "the allowed time");
  }
  return {};
}

Result<DfaPtr> Automata::keep(Result<Dfa> made) {
  if (!made) {
    TRY(budget_.spend(static_cast<uint64_t>(limits_.max_states) * 8));  // it went up to there
    return std::move(made).take_error();
  }
  TRY(budget_.spend(made->next.size() + 256));
  return std::make_shared<const Dfa>(std::move(*made));
}

template <class Make>
Result<DfaPtr> Automata::named(std::string name, const Make& make) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    TRY(budget_.spend(1));
    found = by_name_.emplace(std::move(name), make()).first;
  }
  return found->second;
}

Result<DfaPtr> Automata::pattern(const std::string& pattern) {
  return named("P" + pattern, [&] { return keep(compile_regex(pattern, RegexMatch::kSearch, limits_)); });
}

Result<DfaPtr> Automata::format(const std::string& format) {
  return named("F" + format, [&] { return format_language(format, limits_); });
}

Result<DfaPtr> Automata::length(int64_t min, std::optional<int64_t> max) {
  return named(fmt::format("L{}-{}", min, max.value_or(-1)), [&] { return keep(dfa::text_length(min, max, limits_)); });
}

Result<DfaPtr> Automata::texts(const std::vector<std::string>& texts) {
  TRY(budget_.spend(1));
  return keep(dfa::one_of(texts, limits_));
}

Result<DfaPtr> Automata::number(const NumberSet& set) {
  return named("N" + key_of(set), [&] { return keep(number_language(set, limits_)); });
}

// Pairs first, then pairs of pairs: the automata stay small until late.
Result<DfaPtr> Automata::numbers(const std::vector<Decimal>& values) {
  std::vector<DfaPtr> parts;
  for (const Decimal& value : values) {
    TRY_ASSIGN(DfaPtr part, named("=" + key_of(value), [&] { return keep(number_value_language(value, limits_)); }));
    parts.push_back(std::move(part));
  }
  while (parts.size() > 1) {
    std::vector<DfaPtr> merged;
    for (size_t i = 0; i + 1 < parts.size(); i += 2) {
      TRY_ASSIGN(DfaPtr both, unite(parts[i], parts[i + 1]));
      merged.push_back(std::move(both));
    }
    if (parts.size() % 2 == 1) merged.push_back(parts.back());
    parts = std::move(merged);
  }
  return parts.empty() ? std::make_shared<const Dfa>(dfa::nothing()) : parts[0];
}

const DfaPtr& Automata::all_numbers() {
  static const DfaPtr kAll = std::make_shared<const Dfa>(any_number_without_exponent());
  return kAll;
}

DfaPtr Automata::every_number() {
  static const DfaPtr kEvery = std::make_shared<const Dfa>(any_number());
  return kEvery;
}

DfaPtr Automata::plain_integers() {
  static const DfaPtr kPlain =
      std::make_shared<const Dfa>(compile_regex("-?(0|[1-9][0-9]*)", RegexMatch::kWhole, GrammarLimits()).value());
  return kPlain;
}

const DfaPtr& Automata::all_texts() {
  static const DfaPtr kAll = std::make_shared<const Dfa>(dfa::any_text());
  return kAll;
}

Result<DfaPtr> Automata::combine(char kind, Operation operation, const DfaPtr& a, const DfaPtr& b) {
  auto key = std::make_tuple(kind, a, b);
  auto found = by_operation_.find(key);
  if (found != by_operation_.end()) return found->second;
  TRY(budget_.spend(1));
  TRY_ASSIGN(DfaPtr made, keep(operation(*a, *b, limits_)));
  by_operation_.emplace(std::move(key), made);
  return made;
}

Result<DfaPtr> Automata::unite(const DfaPtr& a, const DfaPtr& b) {
  if (a == nullptr || b == nullptr) return DfaPtr();
  if (a == b) return a;
  return combine('|', dfa::unite, a, b);
}

Result<DfaPtr> Automata::intersect(const DfaPtr& a, const DfaPtr& b) {
  if (a == nullptr || a == b) return b;
  if (b == nullptr) return a;
  return combine('&', dfa::intersect, a, b);
}

namespace {

// By how many characters a state leads where: successors[state], sorted, without repeats.
std::vector<std::vector<int32_t>> character_steps(const Dfa& automaton) {
  struct Bytes {
    int first, last, more;  // continuation bytes that follow
  };
  constexpr std::array<Bytes, 4> kLeads = {{{0x00, 0x7F, 0}, {0xC2, 0xDF, 1}, {0xE0, 0xEF, 2}, {0xF0, 0xF4, 3}}};
  auto step = [&](const std::vector<int32_t>& from, int first, int last) {
    std::vector<int32_t> to;
    for (int32_t state : from) {
      for (int byte = first; byte <= last; ++byte) {
        int32_t next = automaton.step(state, static_cast<uint8_t>(byte));
        if (next != Dfa::kDead) to.push_back(next);
      }
    }
    std::sort(to.begin(), to.end());
    to.erase(std::unique(to.begin(), to.end()), to.end());
    return to;
  };
  std::vector<std::vector<int32_t>> out(static_cast<size_t>(automaton.num_states()));
  for (int32_t state = 0; state < automaton.num_states(); ++state) {
    std::vector<int32_t>& successors = out[static_cast<size_t>(state)];
    for (const Bytes& lead : kLeads) {
      std::vector<int32_t> reached = step({state}, lead.first, lead.last);
      for (int i = 0; i < lead.more; ++i) reached = step(reached, 0x80, 0xBF);
      successors.insert(successors.end(), reached.begin(), reached.end());
    }
    std::sort(successors.begin(), successors.end());
    successors.erase(std::unique(successors.begin(), successors.end()), successors.end());
  }
  return out;
}

}  // namespace

Result<bool> Automata::has_length(const Dfa& texts, int64_t min, std::optional<int64_t> max) {
  TRY(budget_.spend(texts.next.size() * 4));
  std::vector<std::vector<int32_t>> successors = character_steps(texts);
  std::vector<int32_t> here{0};
  for (int64_t length = 0; !here.empty(); ++length) {
    TRY(budget_.spend(here.size() * 4));
    // Every state leads to a text, by at most as many characters as there are states.
    bool enough = length >= min && (!max || *max - length >= texts.num_states());
    for (int32_t state : here) enough = enough || (length >= min && texts.accepting[static_cast<size_t>(state)] != 0);
    if (enough) return true;
    if (max && length == *max) return false;
    if (length >= texts.num_states() && !max) return true;  // it goes round, so it goes on
    std::vector<int32_t> next;
    for (int32_t state : here) {
      const auto& to = successors[static_cast<size_t>(state)];
      next.insert(next.end(), to.begin(), to.end());
    }
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    here = std::move(next);
  }
  return false;
}

Result<DfaPtr> Automata::subtract(const DfaPtr& a, const DfaPtr& b) { return combine('-', dfa::subtract, a, b); }

}  // namespace weft::schema
