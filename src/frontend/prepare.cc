#include "frontend/prepare.h"

#include <algorithm>
#include <limits>

#include "base/limits.h"
#include "base/utf8.h"

namespace weft {
namespace {

Result<int32_t> narrow(std::string_view param, int64_t value) {
  if (value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max()) {
    return static_cast<int32_t>(value);
  }
  return param_error(param, "{} is {}, which is out of range.", param, value);
}

Status check_count(std::string_view param, size_t count, size_t limit) {
  if (count <= limit) return {};
  return param_error(param, "{} has {} entries; at most {} are allowed.", param, count, limit);
}

Status check_text_fields(const TextRequest& request) {
  TRY(check_count("stop", request.stop.size(), kRequestLimits.stops));
  TRY(check_count("stop_token_ids", request.stop_token_ids.size(), kRequestLimits.stop_token_ids));
  TRY(check_count("logit_bias", request.logit_bias.size(), kRequestLimits.logit_bias));
  for (const std::string& stop : request.stop) {
    if (stop.empty()) return param_error("stop", "A stop string is empty; it would end every answer at once.");
    if (stop.size() > kRequestLimits.stop_bytes) {
      return param_error("stop", "A stop string has {} bytes; at most {} are allowed.", stop.size(),
                         kRequestLimits.stop_bytes);
    }
    if (!is_valid_utf8(stop)) return param_error("stop", "A stop string is not valid UTF-8.");
  }
  if (request.cache_salt.size() > kRequestLimits.cache_salt_bytes) {
    return param_error("cache_salt", "cache_salt has {} bytes; at most {} are allowed.", request.cache_salt.size(),
                       kRequestLimits.cache_salt_bytes);
  }
  return {};
}

Result<SamplingParams> make_sampling(const TextModel& model, const TextRequest& request, uint64_t seed) {
  const GenerationDefaults& defaults = model.defaults;
  SamplingParams sampling;
  auto choose = [](const std::optional<double>& asked, const std::optional<float>& model_default, float neutral) {
    return asked ? static_cast<float>(*asked) : model_default.value_or(neutral);
  };
  sampling.temperature = choose(request.temperature, defaults.temperature, sampling.temperature);
  sampling.top_p = choose(request.top_p, defaults.top_p, sampling.top_p);
  sampling.min_p = choose(request.min_p, defaults.min_p, sampling.min_p);
  sampling.repetition_penalty =
      choose(request.repetition_penalty, defaults.repetition_penalty, sampling.repetition_penalty);
  sampling.top_k = defaults.top_k.value_or(sampling.top_k);
  if (request.top_k) {
    TRY_ASSIGN(sampling.top_k, narrow("top_k", *request.top_k));
    if (sampling.top_k == -1) sampling.top_k = 0;  // as vLLM spells "all"
  }
  sampling.presence_penalty = static_cast<float>(request.presence_penalty);
  sampling.frequency_penalty = static_cast<float>(request.frequency_penalty);
  for (auto [token, bias] : request.logit_bias) {
    TRY_ASSIGN(TokenId id, narrow("logit_bias", token));
    sampling.logit_bias.emplace_back(id, static_cast<float>(bias));
  }
  if (request.num_logprobs) {
    if (*request.num_logprobs < 0) return param_error("top_logprobs", "The number of log-probabilities is negative.");
    TRY_ASSIGN(sampling.num_logprobs, narrow("top_logprobs", *request.num_logprobs));
  }
  sampling.seed = seed;
  return sampling;
}

// An unset max_tokens takes the door's default or all the room, never more than the room.
Result<int32_t> resolve_max_tokens(const TextModel& model, const TextRequest& request, size_t num_prompt) {
  if (request.max_tokens) {
    if (*request.max_tokens == 0 && request.echo) return 1;  // the sampled token is not shown
    return narrow("max_tokens", *request.max_tokens);
  }
  int64_t room = model.limits.max_model_len - static_cast<int64_t>(num_prompt);
  room = std::min(room, model.limits.max_n_times_max_tokens / std::max<int64_t>(1, request.n));
  if (request.default_max_tokens) room = std::min(room, *request.default_max_tokens);
  return static_cast<int32_t>(std::max<int64_t>(1, room));  // with no room at all, 1 gives the error that says so
}

bool is_chat(const TextRequest& request) { return std::holds_alternative<ChatPrompt>(request.prompt); }

// truncate_prompt_tokens as vLLM understands it: keeps the last (or first) tokens; -1 leaves room for max_tokens.
Status truncate(const TextModel& model, const TextRequest& request, std::vector<TokenId>& ids) {
  if (!request.truncate_prompt_tokens) return {};
  constexpr std::string_view kField = "truncate_prompt_tokens";
  int64_t most = *request.truncate_prompt_tokens;
  int64_t longest = model.limits.max_model_len;
  if (most == 0 || most < -1) return param_error(kField, "{} is {}; it must be -1 or at least 1.", kField, most);
  if (most > longest) {
    return param_error(kField, "{} is {}, but the model's context has only {} tokens.", kField, most, longest);
  }
  if (most == -1) {
    int64_t answer = request.max_tokens.value_or(request.default_max_tokens.value_or(1));
    most = longest - std::clamp<int64_t>(answer, 1, longest);
    if (most == 0) return param_error(kField, "max_tokens leaves no room for a prompt.");
  }
  if (static_cast<int64_t>(ids.size()) <= most) return {};
  if (request.truncate_left) {
    ids.erase(ids.begin(), ids.end() - most);
  } else {
    ids.resize(static_cast<size_t>(most));
  }
  return {};
}

Result<PreparedPrompt> make_whole_prompt(const TextModel& model, const TextRequest& request,
                                         const ParallelFor& parallel_for) {
  PreparedPrompt prompt;
  if (const auto* tokens = std::get_if<TokenPrompt>(&request.prompt)) {
    prompt.ids = tokens->ids;
    return prompt;
  }
  if (const auto* text = std::get_if<TextPrompt>(&request.prompt)) {
    prompt.ids =
        model.tokenizer->encode_parallel(text->text, {.add_special_tokens = text->add_special_tokens}, parallel_for);
    return prompt;
  }
  if (!model.render_chat) {
    return param_error("messages", "This model has no chat template. Use /v1/completions with a prompt instead.");
  }
  TRY_ASSIGN(prompt.chat, model.render_chat(std::get<ChatPrompt>(request.prompt)));
  const auto& chat = std::get<ChatPrompt>(request.prompt);
  prompt.ids =
      model.tokenizer->encode_parallel(prompt.chat, {.add_special_tokens = chat.add_special_tokens}, parallel_for);
  return prompt;
}

}  // namespace

Result<PreparedPrompt> make_prompt(const TextModel& model, const TextRequest& request,
                                   const ParallelFor& parallel_for) {
  TRY_ASSIGN(PreparedPrompt prompt, make_whole_prompt(model, request, parallel_for));
  TRY(truncate(model, request, prompt.ids));
  return prompt;
}

Result<ValidatedRequest> make_validated(const TextModel& model, const TextRequest& request,
                                        std::vector<TokenId> prompt_ids, uint64_t seed, Nanos deadline,
                                        std::shared_ptr<const TokenConstraint> constraint) {
  TRY(check_text_fields(request));
  RequestDraft draft;
  TRY_ASSIGN(draft.n, narrow("n", request.n));
  TRY_ASSIGN(draft.max_tokens, resolve_max_tokens(model, request, prompt_ids.size()));
  TRY_ASSIGN(draft.min_tokens, narrow("min_tokens", request.min_tokens));
  TRY_ASSIGN(draft.priority, narrow("priority", request.priority));
  TRY_ASSIGN(draft.sampling, make_sampling(model, request, seed));
  // A structure ends where it is complete, and only there: stops inside it would leave it open.
  if (constraint == nullptr) {
    for (int64_t token : request.stop_token_ids) {
      TRY_ASSIGN(TokenId id, narrow("stop_token_ids", token));
      draft.stop_token_ids.push_back(id);
    }
    draft.ignore_eos = request.ignore_eos;
  }
  draft.prompt = std::move(prompt_ids);
  draft.cache_salt = request.cache_salt;
  draft.deadline = deadline;
  draft.constraint = std::move(constraint);
  draft.prompt_logprobs = request.echo && request.num_logprobs.has_value();
  Result<ValidatedRequest> validated = ValidatedRequest::make(std::move(draft), model.limits);
  if (!validated && is_chat(request) && validated.error().param == "prompt") {
    Error error = validated.error();
    error.param = "messages";
    return error;
  }
  return validated;
}

}  // namespace weft
