#include "repository/served_model.h"

#include <algorithm>

#include "executor/model_executor.h"
#include "frontend/chat_renderer.h"
#include "grammar/compile.h"
#include "machine/memory.h"

namespace weft {
namespace {

// The share of the memory still available that the cache takes when nobody says otherwise: the rest is for activations,
// the page cache that holds the model's file, and other programs.
constexpr double kCacheMemoryShare = 0.4;
constexpr int64_t kMaxDefaultCacheBytes = int64_t{4} << 30;

int64_t default_cache_bytes(const CacheSpec& spec, int64_t max_model_len, int32_t max_num_seqs) {
  int64_t bytes_per_page = 0;
  for (const CacheGroup& group : spec.groups) bytes_per_page += group.page_bytes;
  int64_t wanted = (max_model_len / kPageTokens + 1) * bytes_per_page * max_num_seqs;
  auto share = static_cast<int64_t>(static_cast<double>(available_memory_bytes()) * kCacheMemoryShare);
  return std::min({wanted, share, kMaxDefaultCacheBytes});
}

// Tokens of context that the tightest full group holds; of a window group every sequence needs only its window.
int64_t cache_tokens(const ModelRunner& runner) {
  int64_t tokens = INT64_MAX;
  for (size_t g = 0; g < runner.num_pages().size(); ++g) {
    if (runner.cache_spec().groups[g].kind == CacheGroupKind::kWindow && runner.num_pages().size() > 1) continue;
    tokens = std::min(tokens, int64_t{runner.num_pages()[g]} * kPageTokens);
  }
  return tokens;
}

// What the model's files say, over `defaults`.
Result<GenerationDefaults> generation_defaults(const Metadata& metadata, GenerationDefaults defaults) {
  auto real = [&](std::string_view name, std::optional<float>& into) -> Status {
    if (metadata.find(name) == nullptr) return {};
    TRY_ASSIGN(double value, metadata.real({name}));
    into = static_cast<float>(value);
    return {};
  };
  TRY(real("generation_config.temperature", defaults.temperature));
  TRY(real("generation_config.top_p", defaults.top_p));
  TRY(real("generation_config.min_p", defaults.min_p));
  TRY(real("generation_config.repetition_penalty", defaults.repetition_penalty));
  if (metadata.find("generation_config.top_k") != nullptr) {
    TRY_ASSIGN(int64_t top_k, metadata.integer({"generation_config.top_k"}));
    defaults.top_k = static_cast<int32_t>(std::clamp<int64_t>(top_k, 0, INT32_MAX));
  }
  return defaults;
}

template <class Items>
Status check_name(std::string_view flag, const std::string& name, const void* found, const Items& items) {
  if (found != nullptr || name == "auto" || name == "none") return {};
  std::string names;
  for (const auto& item : items) names += fmt::format(" {},", item.name);
  return param_error(flag, "--{} '{}' is unknown. There are auto, none,{}.", flag, name,
                     names.substr(0, names.size() - 1));
}

void choose_parsers(const ServedModelConfig& config, const LoadedModel& model, TextModel& text) {
  text.tool_calls = config.tool_call_parser == "auto" ? detect_tool_call_format(model.chat_template_source)
                                                      : find_tool_call_format(config.tool_call_parser);
  text.leaves_calls_as_text = config.tool_call_parser == "none";
  text.reasoning = config.reasoning_parser == "auto" ? detect_reasoning_style(model.chat_template_source)
                                                     : find_reasoning_style(config.reasoning_parser);
}

Result<TextModel> make_text_model(const std::shared_ptr<const LoadedModel>& model, const GenerationDefaults& advised,
                                  int32_t max_model_len, const ServedModelConfig& config) {
  TextModel text;
  text.tokenizer = std::shared_ptr<const Tokenizer>(model, model->tokenizer.get());
  if (model->chat_template) {
    text.render_chat = make_chat_renderer(model->chat_template, detect_no_content(model->chat_template_source));
    text.presents_tools = model->chat_template->mentions("tools");
  }
  choose_parsers(config, *model, text);
  // Ids beyond the tokenizer's stand for nothing; ids beyond the embedding don't exist.
  text.limits.vocab_size = std::min(model->tokenizer->vocab_size(), model->decoder->config.vocab_size);
  text.limits.max_model_len = max_model_len;
  text.limits.eos_token_ids = model->eos_token_ids;
  auto vocabulary = GrammarVocabulary::build(*model->tokenizer, model->eos_token_ids);
  text.grammars = std::make_shared<GrammarCache>(
      [vocabulary](const GrammarSpec& spec) { return compile_grammar(spec, vocabulary); });
  TRY_ASSIGN(text.defaults, generation_defaults(model->files.metadata(), advised));
  return text;
}

}  // namespace

Status check_parser_names(const ServedModelConfig& config) {
  TRY(check_name("tool-call-parser", config.tool_call_parser, find_tool_call_format(config.tool_call_parser),
                 tool_call_formats()));
  return check_name("reasoning-parser", config.reasoning_parser, find_reasoning_style(config.reasoning_parser),
                    reasoning_styles());
}

Result<ServedModel> ServedModel::load(const ServedModelConfig& config, const Clock& clock) {
  TRY(config.scheduler.validate());
  TRY(check_parser_names(config));
  ServedModel served;
  TRY_ASSIGN(served.runtime, ModelRuntime::load(config.model, config.threads, config.isa, config.max_model_len));
  const LoadedModel& model = *served.runtime.model;
  const int32_t trained_len = model.decoder->config.max_positions;
  if (config.max_model_len > trained_len) {
    return param_error("max_model_len", "--max-model-len is {}, but the model's context is {} tokens.",
                       config.max_model_len, trained_len);
  }
  int64_t max_model_len = config.max_model_len > 0 ? config.max_model_len : trained_len;
  CacheSpec spec = ModelRunner::make_cache_spec(model.decoder->config, model.files.identity());
  served.kv_cache_bytes = config.kv_cache_memory_bytes > 0
                              ? config.kv_cache_memory_bytes
                              : default_cache_bytes(spec, max_model_len, config.scheduler.max_num_seqs);
  if (int64_t available = available_memory_bytes(); served.kv_cache_bytes > available) {
    return make_error(ErrorCode::kResourceExhausted,
                      "The KV cache asks for {} MiB of memory, but only {} MiB are available. Lower "
                      "--kv-cache-memory-bytes, or leave it out.",
                      served.kv_cache_bytes >> 20, available >> 20);
  }
  TRY_ASSIGN(auto runner, served.runtime.make_runner_for_bytes(served.kv_cache_bytes, config.scheduler.max_num_seqs,
                                                               config.scheduler.max_num_batched_tokens));
  served.kv_cache_tokens = cache_tokens(*runner);
  max_model_len = std::min(max_model_len, served.kv_cache_tokens);
  TRY_ASSIGN(TextModel text, make_text_model(served.runtime.model, served.runtime.source.defaults,
                                             static_cast<int32_t>(max_model_len), config));
  auto executor = make_model_executor(std::move(runner), {.max_rows = config.scheduler.max_num_seqs});
  TextServiceConfig service{.scheduler = config.scheduler, .on_failure = config.on_failure};
  TRY_ASSIGN(served.service, TextServiceImpl::make(std::move(service), std::move(text), std::move(executor), clock));
  return served;
}

std::string ServedModel::description() const {
  return fmt::format(
      "{}: {} on {} ({} threads, {} kernels, exact precision), context {} tokens, KV cache {} tokens in {} MiB",
      runtime.source.name, runtime.model->architecture->gguf_name, cpu_model_name(), runtime.pool->num_threads(),
      isa_name(runtime.isa), service->max_model_len(), kv_cache_tokens, kv_cache_bytes >> 20);
}

}  // namespace weft
