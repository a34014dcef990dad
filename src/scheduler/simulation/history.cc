#include "scheduler/simulation/history.h"

#include <algorithm>

namespace weft {
namespace {

template <class... Args>
Error fault(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorCode::kInternalError, format, std::forward<Args>(args)...);
}

}  // namespace

void History::accept(RequestId id, const ValidatedRequest& request) {
  Record record{.request = request};
  for (int32_t choice = 0; choice < request->n; ++choice) {
    record.choices.push_back({.expected = expected_output(request, choice)});
  }
  records_.emplace(id, std::move(record));
}

void History::interrupt(RequestId id) {
  const auto it = records_.find(id);
  if (it != records_.end()) it->second.interrupted = true;
}

void History::announce_choice(RequestId id, int32_t choice) {
  const auto it = records_.find(id);
  if (it == records_.end() || static_cast<size_t>(choice) >= it->second.choices.size()) return;
  it->second.choices[static_cast<size_t>(choice)].interrupted = true;
}

Status History::check_choice_ended(RequestId id, int32_t choice) const {
  const auto it = records_.find(id);
  if (it == records_.end() || static_cast<size_t>(choice) >= it->second.choices.size()) return {};
  if (it->second.choices[static_cast<size_t>(choice)].has_ended) return {};
  return fault("Choice {} of request {} was cancelled and goes on.", choice, id);
}

Status History::add(const TokenEvent& event, FakeDevice& device) {
  const auto it = records_.find(event.request);
  if (it == records_.end()) return fault("Request {} was never accepted, but has an event.", event.request);
  Record& record = it->second;
  if (record.had_error) return fault("Request {} has an event after its error.", event.request);
  if (event.error) return add_error(record, event, device);
  Choice& choice = record.choices.at(static_cast<size_t>(event.choice));
  if (choice.has_ended)
    return fault("Choice {} of request {} has an event after its end.", event.choice, event.request);
  if (choice.had_event && event.num_cached_tokens != 0) return fault("Cached tokens are told twice.");
  choice.had_event = true;
  for (const SampledToken& token : event.prompt_logprobs) choice.prompt_logprobs.push_back(token.token);
  if (event.token) TRY(add_token(record, choice, event));
  if (event.finish == FinishReason::kNone) return {};
  device.mark_ended(record.request->sampling.seed, event.choice);
  return add_end(record, choice, event);
}

Status History::add_error(Record& record, const TokenEvent& event, FakeDevice& device) {
  record.had_error = true;
  bool was_open = false;
  bool may_fail = false;
  for (size_t i = 0; i < record.choices.size(); ++i) {
    Choice& choice = record.choices[i];
    was_open = was_open || !choice.has_ended;
    may_fail = may_fail || (choice.expected.fails && choice.tokens.size() == choice.expected.tokens.size());
    choice.has_ended = true;
    device.mark_ended(record.request->sampling.seed, static_cast<int32_t>(i));
  }
  if (!was_open) return fault("Request {} has an error after the end of its choices.", event.request);
  const ErrorCode code = event.error->code;
  if (code == ErrorCode::kNumericError) {
    ++num_failed_;
    // Clients try again: what the failed row wrote must not be found.
    for (const Choice& choice : record.choices) remember_conversation(record, choice);
    if (!may_fail) return fault("Request {} ended with a numeric error that the device never had.", event.request);
  } else if (code == ErrorCode::kDeadlineExceeded) {
    if (record.request->deadline == 0 || record.request->deadline > event.time) {
      return fault("Request {} ended before its deadline.", event.request);
    }
  }
  return {};
}

Status History::add_token(Record& record, Choice& choice, const TokenEvent& event) {
  if (record.request->prompt_logprobs && choice.tokens.empty() &&
      !std::equal(choice.prompt_logprobs.begin(), choice.prompt_logprobs.end(), record.request->prompt.begin() + 1,
                  record.request->prompt.end())) {
    return fault("Request {} has {} log-probabilities of its prompt's {} tokens.", event.request,
                 choice.prompt_logprobs.size(), record.request->prompt.size());
  }
  const size_t index = choice.tokens.size();
  choice.tokens.push_back(event.token->token);
  if (index < choice.expected.tokens.size() && choice.expected.tokens[index] == event.token->token) return {};
  return fault("Token {} of choice {} of request {} is {}, unlike when the request runs alone.", index, event.choice,
               event.request, event.token->token);
}

Status History::add_end(Record& record, Choice& choice, const TokenEvent& event) {
  choice.has_ended = true;
  if (event.finish == FinishReason::kAbort) {
    ++num_cancelled_;
    if (record.interrupted || choice.interrupted) return {};
    return fault("Request {} was aborted, but nobody cancelled it.", event.request);
  }
  const FinishReason reason = choice.expected.stops ? FinishReason::kStop : FinishReason::kLength;
  if (choice.tokens != choice.expected.tokens || choice.expected.fails || event.finish != reason) {
    return fault("Choice {} of request {} ended after {} tokens for reason {}; alone it has {}, and reason {}.",
                 event.choice, event.request, choice.tokens.size(), static_cast<int>(event.finish),
                 choice.expected.tokens.size(), static_cast<int>(reason));
  }
  ++num_whole_;
  remember_conversation(record, choice);
  return {};
}

void History::remember_conversation(const Record& record, const Choice& choice) {
  std::vector<TokenId>& conversation = conversations_.emplace_back(record.request->prompt);
  conversation.insert(conversation.end(), choice.tokens.begin(), choice.tokens.end());
}

Status History::check_all_ended() const {
  for (const auto& [id, record] : records_) {
    for (const Choice& choice : record.choices) {
      if (!choice.has_ended) return fault("Request {} never ended.", id);
    }
  }
  return {};
}

std::vector<TokenId> History::draw_conversation(Rng& rng) const {
  if (conversations_.empty()) return {};
  // Late ones are likely to be in the cache still.
  const size_t age =
      rng.chance(0.5) ? rng.below(std::min<size_t>(3, conversations_.size())) : rng.below(conversations_.size());
  const std::vector<TokenId>& conversation = conversations_[conversations_.size() - 1 - age];
  // Long ones would soon be refused by every pool.
  return conversation.size() < 160 ? conversation : std::vector<TokenId>{};
}

}  // namespace weft
