#include "repository/loaded_model.h"

#include <algorithm>
#include <limits>

#include "machine/memory.h"

namespace weft {
namespace {

Status check_memory(const ModelFiles& files) {
  int64_t bytes = 0;
  for (const TensorEntry& tensor : files.tensors()) bytes += static_cast<int64_t>(tensor.bytes.size());
  int64_t available = available_memory_bytes();
  if (bytes < available) return {};
  return make_error(ErrorCode::kResourceExhausted,
                    "The weights of {} need {} MiB of memory, but only {} MiB are available. Take a smaller model or a "
                    "stronger quantisation.",
                    files.path().string(), bytes >> 20, available >> 20);
}

Result<std::shared_ptr<const ChatTemplate>> load_chat_template(const ModelFiles& files, const Tokenizer& tokenizer,
                                                               std::string& text_for_tools) {
  auto source = read_chat_template_source(files);
  if (!source) return in_context(files.path().string(), std::move(source).take_error());
  if (source->templates.empty()) return std::shared_ptr<const ChatTemplate>();
  text_for_tools = template_for_tools(*source);
  set_missing_tokens(*source, tokenizer);
  auto parsed = ChatTemplate::parse(std::move(*source));
  if (!parsed) return in_context(files.path().string(), std::move(parsed).take_error());
  return std::shared_ptr<const ChatTemplate>(std::make_shared<ChatTemplate>(std::move(parsed).value()));
}

// Tokens that end an answer: generation_config's, the tokenizer's, and the end of a turn that chat models use.
std::vector<int32_t> end_tokens(const ModelFiles& files, const Tokenizer& tokenizer) {
  std::vector<int32_t> ids;
  auto add = [&](std::optional<int64_t> id) {
    if (id && *id >= 0 && *id < tokenizer.vocab_size() && std::find(ids.begin(), ids.end(), *id) == ids.end()) {
      ids.push_back(static_cast<int32_t>(*id));
    }
  };
  if (const auto* value = files.metadata().find("generation_config.eos_token_id")) {
    if (const auto* list = std::get_if<std::vector<int64_t>>(value)) {
      for (int64_t id : *list) add(id);
    }
  }
  if (auto id = files.metadata().integer({"generation_config.eos_token_id"})) add(*id);
  if (auto id = files.metadata().integer({"tokenizer.ggml.eot_token_id"})) add(*id);
  add(tokenizer.eos_id());
  for (std::string_view name :
       {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|endoftext|>", "<|call|>", "<|return|>"}) {
    add(tokenizer.find_token(name));
  }
  return ids;
}

}  // namespace

Result<std::shared_ptr<const LoadedModel>> load_model_files(const std::filesystem::path& path, int32_t max_positions,
                                                            ComputePool& pool) {
  TRY_ASSIGN(ModelFiles files, ModelFiles::open(path));
  auto model = std::make_shared<LoadedModel>(LoadedModel{.files = std::move(files)});
  TRY_ASSIGN(model->architecture, find_architecture(model->files));
  TRY(check_memory(model->files));
  TRY_ASSIGN(model->tokenizer, Tokenizer::load(model->files));
  TRY_ASSIGN(model->chat_template, load_chat_template(model->files, *model->tokenizer, model->chat_template_source));
  model->eos_token_ids = end_tokens(model->files, *model->tokenizer);
  TRY_ASSIGN(model->decoder, load_model(*model->architecture, model->files, max_positions, pool));
  return std::shared_ptr<const LoadedModel>(std::move(model));
}

Result<std::vector<int32_t>> divide_cache_memory(const CacheSpec& spec, int64_t bytes, int32_t max_rows,
                                                 int64_t max_step_tokens) {
  int64_t bytes_of_all = 0;  // one page in every group
  for (const CacheGroup& group : spec.groups) bytes_of_all += group.page_bytes;
  const int64_t even_pages = bytes / bytes_of_all;
  std::vector<int64_t> pages(spec.groups.size(), even_pages);
  int64_t left = bytes, full_page_bytes = 0;
  for (size_t g = 0; g < pages.size(); ++g) {
    const CacheGroup& group = spec.groups[g];
    if (group.kind != CacheGroupKind::kWindow) {
      full_page_bytes += group.page_bytes;
      continue;
    }
    // A sequence holds its window, the step's new tokens and one partial page at either end. Twice that leaves as much
    // again for windows that the prefix cache keeps.
    int64_t per_sequence = (group.window + max_step_tokens) / kPageTokens + 2;
    pages[g] = std::min(even_pages, 2 * max_rows * per_sequence);
    left -= pages[g] * group.page_bytes;
  }
  std::vector<int32_t> out;
  for (size_t g = 0; g < pages.size(); ++g) {
    if (spec.groups[g].kind != CacheGroupKind::kWindow) pages[g] = left / full_page_bytes;
    if (pages[g] < 1) {
      return make_error(ErrorCode::kResourceExhausted,
                        "{} bytes of memory for the KV cache are too little: {} tokens take {} bytes. Raise "
                        "--kv-cache-memory-bytes, or free memory.",
                        bytes, kPageTokens, bytes_of_all);
    }
    out.push_back(static_cast<int32_t>(std::min<int64_t>(pages[g], std::numeric_limits<int32_t>::max() / 2)));
  }
  return out;
}

}  // namespace weft
