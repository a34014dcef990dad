#include "scheduler/simulation/workload.h"

#include <algorithm>

#include "scheduler/simulation/fake_model.h"

namespace weft {
namespace {

int32_t draw_between(Rng& rng, int32_t low, int32_t high) {
  return low + static_cast<int32_t>(rng.below(static_cast<uint64_t>(high - low) + 1));
}

CacheGroup draw_group(Rng& rng, CacheGroupKind kind) {
  CacheGroup group{.kind = kind, .num_layers = 1};
  if (kind == CacheGroupKind::kWindow) group.window = draw_between(rng, 1, 70);
  return group;
}

// Many long answers to short prompts in few pages: preemption again and again.
void crowd(SimulationSetup& setup, Rng& rng) {
  setup.config.max_num_seqs = draw_between(rng, 4, 8);
  setup.config.max_num_batched_tokens = draw_between(rng, 8, 60);
  setup.config.capacity_policy = CapacityPolicy::kMaxUtilization;
  for (int32_t& num_pages : setup.pages_per_group) num_pages = draw_between(rng, 8, 20);
  setup.max_prompt = draw_between(rng, 2, 30);
  setup.max_output = draw_between(rng, 60, 200);
  setup.arrival_chance = 1;
  setup.may_stop = false;
}

}  // namespace

SimulationSetup random_setup(uint64_t seed) {
  Rng rng(mix64(seed + 1000));
  SimulationSetup setup;
  SchedulerConfig& config = setup.config;
  config.max_num_seqs = draw_between(rng, 1, 8);
  config.max_num_batched_tokens = config.max_num_seqs + draw_between(rng, 0, rng.chance(0.5) ? 10 : 90);
  config.enable_prefix_caching = rng.chance(0.75);
  config.capacity_policy = rng.chance(0.7) ? CapacityPolicy::kMaxUtilization : CapacityPolicy::kGuaranteedNoEvict;
  config.max_steps_in_flight = rng.chance(0.5) ? 1 : rng.chance(0.8) ? 2 : 3;
  config.max_waiting_requests = rng.chance(0.9) ? 1000 : 3;
  config.prefix_key_bits = rng.chance(0.7) ? 256 : draw_between(rng, 2, 8);

  using Kind = CacheGroupKind;
  const std::vector<Kind> layouts[] = {
      {Kind::kFull}, {Kind::kFull, Kind::kWindow}, {Kind::kWindow, Kind::kFull}, {Kind::kWindow}};
  setup.spec.layout_id = "layout";
  setup.spec.model_digest = "model";
  const bool tiny = rng.chance(0.6);
  for (Kind kind : layouts[rng.below(std::size(layouts))]) {
    setup.spec.groups.push_back(draw_group(rng, kind));
    setup.pages_per_group.push_back(draw_between(rng, 4, tiny ? 20 : 80));
  }
  setup.num_requests = draw_between(rng, 4, 40);
  setup.num_families = draw_between(rng, 1, 4);
  setup.max_prompt = draw_between(rng, 4, 120);
  setup.max_output = draw_between(rng, 1, rng.chance(0.5) ? 50 : 150);
  setup.arrival_chance = rng.chance(0.3) ? 1.0 : 0.02 + 0.5 * rng.unit();
  setup.cancel_chance = rng.chance(0.5) ? 0.0 : 0.1 * rng.unit();
  setup.may_stop = rng.chance(0.6);
  if (rng.chance(0.3)) crowd(setup, rng);
  setup.lost_device_chance = 0.02;
  return setup;
}

Workload::Workload(const SimulationSetup& setup, uint64_t seed) : setup_(setup), rng_(seed) {
  for (int32_t i = 0; i < setup.num_families; ++i) {
    std::vector<TokenId>& family = families_.emplace_back();
    // Few different tokens: pages of equal tokens after unequal beginnings must be told apart.
    for (int32_t p = 0; p < setup.max_prompt; ++p) family.push_back(draw_between(rng_, 3, p % 48 < 16 ? 5 : 3));
  }
}

std::vector<TokenId> Workload::draw_prompt(const History& history) {
  std::vector<TokenId> prompt = history.draw_conversation(rng_);
  if (prompt.empty() || rng_.chance(0.6)) {
    prompt = families_[rng_.below(families_.size())];
    prompt.resize(static_cast<size_t>(draw_between(rng_, 1, setup_.max_prompt)));
  }
  const int32_t num_own = rng_.chance(0.3) ? 0 : draw_between(rng_, 0, 24);
  for (int32_t i = 0; i < num_own; ++i) prompt.push_back(draw_between(rng_, 3, 9));
  return prompt;
}

ValidatedRequest Workload::draw(RequestId id, Nanos now, const History& history) {
  RequestDraft draft;
  draft.prompt = draw_prompt(history);
  // The fake model fails only requests whose seed is a multiple of 16.
  draft.sampling.seed = 64 * id + (setup_.may_fail && rng_.chance(0.1) ? 0 : 1);
  draft.n = rng_.chance(0.85) ? 1 : draw_between(rng_, 2, 4);
  draft.max_tokens = draw_between(rng_, 1, setup_.max_output);
  draft.min_tokens = rng_.chance(0.8) ? 0 : draw_between(rng_, 0, draft.max_tokens);
  draft.ignore_eos = rng_.chance(0.3) || !setup_.may_stop;
  draft.priority = rng_.chance(0.7) ? 0 : draw_between(rng_, -1, 1);
  draft.cache_salt = rng_.chance(0.8) ? "" : "another tenant";
  draft.prompt_logprobs = rng_.chance(0.05);
  if (rng_.chance(setup_.deadline_chance)) draft.deadline = now + 1'000'000 * draw_between(rng_, 0, 60);
  const ModelLimits limits{.vocab_size = kFakeVocabSize, .max_model_len = 100'000, .eos_token_ids = {kFakeEos}};
  Result<ValidatedRequest> request = ValidatedRequest::make(std::move(draft), limits);
  CHECK(request);
  return *request;
}

}  // namespace weft
