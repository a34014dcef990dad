#include "executor/stub_executor.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "base/check.h"
#include "base/rng.h"
#include "sampling/sampler_row.h"

namespace weft {
namespace {

constexpr uint64_t kEmptyPrefix = 0x5bd1e995;

uint64_t extend_hash(uint64_t prefix, TokenId token) { return mix64(prefix ^ mix64(static_cast<uint64_t>(token) + 1)); }

// The first legal token at or after a hash-chosen one, in circular order; nothing when none is legal.
std::optional<TokenId> pick_token(uint64_t hash, uint64_t seed, int32_t vocab_size, const ValidatedRequest& request,
                                  int64_t num_outputs, const ItemMask* mask) {
  auto first = static_cast<int32_t>(mix64(hash ^ mix64(seed)) % static_cast<uint64_t>(vocab_size));
  for (int32_t i = 0; i < vocab_size; ++i) {
    TokenId token = (first + i) % vocab_size;
    if (num_outputs < request->min_tokens && request.is_stop_token(token)) continue;
    if (mask != nullptr && (mask->words[static_cast<size_t>(token) / 32] >> (token % 32) & 1u) == 0) continue;
    return token;
  }
  return std::nullopt;
}

SampledToken describe(TokenId token, const SamplingParams& params) {
  SampledToken sampled{.token = token};
  if (params.num_logprobs < 0) return sampled;
  sampled.logprob = StubExecutor::logprob_of(token);
  sampled.rank = 1;
  for (int32_t i = 0; i < params.num_logprobs; ++i) {
    sampled.top.push_back({std::max(0, token - i), sampled.logprob - static_cast<float>(i)});
  }
  return sampled;
}

}  // namespace

StubExecutor::StubExecutor(StubExecutorConfig config) : config_(std::move(config)) {
  CHECK(config_.num_pages.size() == config_.cache_spec.groups.size());
  for (int32_t pages : config_.num_pages) pages_.emplace_back(static_cast<size_t>(pages) * kPageTokens, 0);
}

StepTicket StubExecutor::submit(const StepPlan& plan) {
  CHECK(pending_.size() < static_cast<size_t>(config_.max_steps_in_flight));
  pending_.push_back({plan, {}});
  return {plan.step};
}

void StubExecutor::bind_masks(StepTicket ticket, std::span<const ItemMask> masks) {
  for (Pending& step : pending_) {
    if (step.plan.step == ticket.step) step.masks.assign(masks.begin(), masks.end());
  }
}

Result<StepResult> StubExecutor::collect(StepTicket ticket) {
  CHECK(!pending_.empty() && pending_.front().plan.step == ticket.step);
  Pending step = std::move(pending_.front());
  pending_.pop_front();
  auto tokens = static_cast<Nanos>(step.plan.token_ids.size());
  if (Nanos time = config_.step_time + tokens * config_.token_time; time > 0) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(time));
  }
  if (config_.fail_at_step == ticket.step)
    return make_error(ErrorCode::kInternalError, "The device failed on request.");
  if (config_.throw_at_step == ticket.step) throw std::runtime_error("the stub threw on request");
  prepare_rows(step.plan);
  StepResult result{.step = ticket.step, .items = {}};
  for (size_t i = 0; i < step.plan.items.size(); ++i) result.items.push_back(run_item(step, i));
  return result;
}

void StubExecutor::prepare_rows(const StepPlan& plan) {
  for (int32_t row : plan.freed_rows) rows_.at(static_cast<size_t>(row)) = Row{};
  for (const RowStart& start : plan.row_starts) {
    auto index = static_cast<size_t>(start.row);
    if (rows_.size() <= index) rows_.resize(index + 1);
    CHECK(!rows_[index].request.has_value());
    rows_[index] = {.request = start.request,
                    .sequence = start.sequence,
                    .seed = choice_seed(start.request->sampling.seed, start.choice),
                    .last_token = start.output_ids.empty() ? 0 : start.output_ids.back(),
                    .num_outputs = static_cast<int64_t>(start.output_ids.size())};
  }
  for (const PageCopy& copy : plan.copies) {
    auto group = static_cast<size_t>(copy.group);
    for (int32_t i = 0; i < kPageTokens; ++i) slot(group, copy.to, i) = slot(group, copy.from, i);
  }
}

uint64_t& StubExecutor::slot(size_t group, PageId page, int32_t position) {
  CHECK(page >= 0 && page < config_.num_pages[group]);
  return pages_[group][static_cast<size_t>(page) * kPageTokens + static_cast<size_t>(position % kPageTokens)];
}

// Stores the hashes of the item's tokens in one group's pages; the hash of its last position.
uint64_t StubExecutor::write_pages(const StepPlan& plan, size_t index, size_t group) {
  const StepItem& item = plan.items[index];
  const GroupTables& tables = plan.groups[group];
  auto page = [&](int32_t position) {
    CHECK(position / kPageTokens < tables.stride);
    return tables.block_table[index * static_cast<size_t>(tables.stride) + static_cast<size_t>(position / kPageTokens)];
  };
  int32_t start = item.start_position;
  uint64_t hash = start == 0 ? kEmptyPrefix : slot(group, page(start - 1), start - 1);
  for (int32_t i = 0; i < item.num_new_tokens; ++i) {
    TokenId token = plan.token_ids[static_cast<size_t>(item.first_token + i)];
    if (token == kPromisedToken) token = rows_[static_cast<size_t>(item.row)].last_token;
    hash = extend_hash(hash, token);
    slot(group, page(start + i), start + i) = hash;
  }
  return hash;
}

ItemResult StubExecutor::run_item(const Pending& step, size_t index) {
  const StepItem& item = step.plan.items[index];
  Row& row = rows_.at(static_cast<size_t>(item.row));
  CHECK(row.request.has_value() && row.sequence == item.sequence);
  const RequestDraft& request = **row.request;
  ItemResult result{.sequence = item.sequence, .tokens = {}, .prompt_logprobs = {}};
  uint64_t hash = 0;
  for (size_t group = 0; group < step.plan.groups.size(); ++group) {
    uint64_t own = write_pages(step.plan, index, group);
    hash = group == 0 || own == hash ? own : mix64(hash ^ own);  // unequal: one group read a wrong page
  }
  if (request.prompt_logprobs) {
    auto end =
        std::min<size_t>(request.prompt.size(), static_cast<size_t>(item.start_position + item.num_new_tokens) + 1);
    for (auto i = static_cast<size_t>(item.start_position) + 1; i < end; ++i) {
      result.prompt_logprobs.push_back(describe(request.prompt[i], request.sampling));
    }
  }
  if (item.samples) sample_item(step, index, hash, result);
  return result;
}

void StubExecutor::sample_item(const Pending& step, size_t index, uint64_t hash, ItemResult& result) {
  Row& row = rows_[static_cast<size_t>(step.plan.items[index].row)];
  const std::vector<TokenId>& prompt = (*row.request)->prompt;
  bool poisoned = std::find(prompt.begin(), prompt.end(), config_.poison_token) != prompt.end();
  auto mask = std::find_if(step.masks.begin(), step.masks.end(),
                           [&](const ItemMask& m) { return static_cast<size_t>(m.item) == index; });
  std::optional<TokenId> token;
  if (!poisoned || row.num_outputs < config_.poison_after) {
    token = pick_token(hash, row.seed, config_.vocab_size, *row.request, row.num_outputs,
                       mask == step.masks.end() ? nullptr : &*mask);
  }
  result.failed = !token.has_value();
  result.no_legal_token = result.failed && !poisoned;
  if (!token) return;
  row.last_token = *token;
  ++row.num_outputs;
  result.tokens.push_back(describe(*token, (*row.request)->sampling));
}

std::vector<TokenId> StubExecutor::expected_tokens(const ValidatedRequest& request, int32_t choice,
                                                   int32_t vocab_size) {
  uint64_t hash = kEmptyPrefix;
  for (TokenId token : request->prompt) hash = extend_hash(hash, token);
  uint64_t seed = choice_seed(request->sampling.seed, choice);
  std::vector<TokenId> tokens;
  while (static_cast<int32_t>(tokens.size()) < request->max_tokens) {
    auto num_outputs = static_cast<int64_t>(tokens.size());
    std::optional<TokenId> token = pick_token(hash, seed, vocab_size, request, num_outputs, nullptr);
    CHECK(token.has_value());
    tokens.push_back(*token);
    if (request.is_stop_token(*token)) break;
    hash = extend_hash(hash, *token);
  }
  return tokens;
}

}  // namespace weft
