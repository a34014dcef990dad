#include "text/tiktoken_file.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/base64.h"
#include "text/bpe_model.h"
#include "text/byte_level.h"
#include "text/gguf_tokenizer.h"
#include "text/pipeline_tokenizer.h"
#include "text/tokenizer_config.h"

namespace weft {
namespace {

constexpr size_t kMaxTokenBytes = 1024;

// Patterns as tiktoken's public encodings define them, written without possessive repetition (which changes no match
// here) and with \z where their $ means the end of the text.
constexpr std::string_view kR50k = R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+\z|\s+(?!\S)|\s)";
constexpr std::string_view kCl100k =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s)";
struct Special {
  int32_t id;
  std::string text;
};

struct Family {
  std::string_view name;
  size_t ranks;
  std::string_view pattern;
  std::vector<Special> specials;  // empty: they must be given
  std::string_view bos, eos;
  bool adds_bos = false;
  bool nfc = false;
};

// The 256 of Llama 3.1, behind its ranks.
std::vector<Special> llama3_specials() {
  std::vector<Special> out;
  int32_t id = 128'000;
  for (const char* text : {"<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
                           "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|reserved_special_token_2|>",
                           "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>"}) {
    out.push_back({id++, text});
  }
  for (int32_t reserved = 3; id < 128'256; ++reserved) {
    out.push_back({id++, fmt::format("<|reserved_special_token_{}|>", reserved)});
  }
  return out;
}

std::vector<Special> qwen_specials() {
  std::vector<Special> out = {{151'643, "<|endoftext|>"}, {151'644, "<|im_start|>"}, {151'645, "<|im_end|>"}};
  for (int32_t extra = 0; extra < 205; ++extra) out.push_back({151'646 + extra, fmt::format("<|extra_{}|>", extra)});
  return out;
}

std::vector<Family> families() {
  std::string_view llama3 = find_gguf_split("llama-bpe")->patterns.front();
  std::string_view o200k = find_gguf_split("gpt-4o")->patterns.front();
  std::string_view qwen = find_gguf_split("qwen2")->patterns.front();
  return {
      {"r50k_base (GPT-2)", 50'256, kR50k, {{50'256, "<|endoftext|>"}}, "", "<|endoftext|>"},
      {"p50k_base", 50'280, kR50k, {{50'256, "<|endoftext|>"}}, "", "<|endoftext|>"},
      {"cl100k_base",
       100'256,
       kCl100k,
       {{100'257, "<|endoftext|>"},
        {100'258, "<|fim_prefix|>"},
        {100'259, "<|fim_middle|>"},
        {100'260, "<|fim_suffix|>"},
        {100'276, "<|endofprompt|>"}},
       "",
       "<|endoftext|>"},
      {"o200k_base", 199'998, o200k, {{199'999, "<|endoftext|>"}, {200'018, "<|endofprompt|>"}}, "", "<|endoftext|>"},
      {"Llama 3", 128'000, llama3, llama3_specials(), "<|begin_of_text|>", "<|end_of_text|>", true},
      {"Llama 4", 200'000, o200k, {}, "<|begin_of_text|>", "<|end_of_text|>", true},
      {"Qwen", 151'643, qwen, qwen_specials(), "", "<|endoftext|>", false, true},
      {"GLM 4", 151'329, llama3, {}, "", "<|endoftext|>"},
      {"Kimi K2", 163'584, kimi_k2_pattern(), {}, "[BOS]", "[EOS]"},
  };
}

struct RankLine {
  std::string_view base64;
  int64_t rank;
};

// "base64 rank", nothing else.
std::optional<RankLine> parse_line(std::string_view line) {
  size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(space + 1);
  RankLine out{line.substr(0, space), -1};
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.rank);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

std::string_view take_line(std::string_view& text) {
  size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The tokens by rank, as bytes. p50k_base leaves out the rank of its special token, whose bytes stay empty.
Result<std::vector<std::string>> read_ranks(std::string_view text) {
  std::vector<std::string> out;
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_line(text);
    if (line.empty()) continue;
    auto parsed = parse_line(line);
    auto bytes = parsed ? decode_base64(parsed->base64) : std::nullopt;
    if (!bytes || bytes->empty() || bytes->size() > kMaxTokenBytes) {
      return make_error(ErrorCode::kCorruptFile, "line {} is not a token in base64 and its rank", number);
    }
    auto next = static_cast<int64_t>(out.size());
    if (parsed->rank < next || parsed->rank > next + 1 || parsed->rank >= kMaxTokens) {
      return make_error(ErrorCode::kCorruptFile, "line {} has the rank {}, expected {}", number, parsed->rank, next);
    }
    if (parsed->rank == next + 1) out.emplace_back();
    out.push_back(std::move(*bytes));
  }
  return out;
}

// All pairs of tokens that make a token, in the order of their ranks. Which pair comes first decides nothing: a pair's
// rank is that of what it makes (BpeOptions::rank_is_id).
std::vector<MergeRule> merges_of(const std::vector<std::string>& ranks, const std::vector<std::string>& forms) {
  std::unordered_map<std::string_view, size_t> ids;
  ids.reserve(ranks.size());
  for (size_t id = 0; id < ranks.size(); ++id) ids.emplace(ranks[id], id);
  std::vector<MergeRule> out;
  for (const std::string& token : ranks) {
    std::string_view bytes = token;
    for (size_t cut = 1; cut < bytes.size(); ++cut) {
      auto left = ids.find(bytes.substr(0, cut));
      if (left == ids.end()) continue;
      auto right = ids.find(bytes.substr(cut));
      if (right != ids.end()) out.push_back({forms[left->second], forms[right->second]});
    }
  }
  return out;
}

Result<std::vector<AddedToken>> special_tokens(const Family& family, const Metadata& metadata) {
  TRY_ASSIGN(auto out, configured_added_tokens(metadata));
  if (!out.empty()) return out;
  if (family.specials.empty()) {
    return make_error(ErrorCode::kUnsupported,
                      "the special tokens of {} are not in this file. Put its tokenizer_config.json (with "
                      "added_tokens_decoder) or its tokenizer.json beside it",
                      family.name);
  }
  for (const Special& special : family.specials)
    out.push_back({.id = special.id, .text = special.text, .special = true});
  return out;
}

}  // namespace

bool is_tiktoken_file(std::string_view text) {
  std::string_view line = take_line(text);
  auto parsed = line.size() < 2 * kMaxTokenBytes ? parse_line(line) : std::nullopt;
  return parsed && parsed->rank == 0 && decode_base64(parsed->base64).has_value();
}

Result<std::unique_ptr<Tokenizer>> load_tiktoken_file(std::string_view text, const Metadata& metadata) {
  TRY_ASSIGN(auto ranks, read_ranks(text));
  const std::vector<Family> known = families();
  const Family* family = nullptr;
  size_t count = static_cast<size_t>(std::count_if(ranks.begin(), ranks.end(), [](auto& r) { return !r.empty(); }));
  for (const Family& one : known) family = one.ranks == count ? &one : family;
  if (family == nullptr) {
    return make_error(ErrorCode::kUnsupported,
                      "a rank file has no split pattern, and no family is known with {} ranks. Put the model's "
                      "tokenizer.json beside it",
                      count);
  }
  std::vector<std::string> forms;
  for (const std::string& bytes : ranks) forms.push_back(to_byte_level(bytes));
  auto merges = merges_of(ranks, forms);
  std::vector<std::string> all = forms;
  TokenizerParts parts;
  TRY_ASSIGN(parts.added_tokens, special_tokens(*family, metadata));
  TRY(add_forms(parts.added_tokens, all));
  parts.vocabulary = std::make_unique<Vocabulary>(std::move(all));
  BpeOptions options;
  options.byte_level = true;
  options.ignore_merges = true;
  options.rank_is_id = true;
  TRY_ASSIGN(parts.model, BpeModel::create(*parts.vocabulary, merges, options));
  if (family->nfc) parts.normalizer.push_back(normal_form_step(NormalForm::kNfc));
  TRY_ASSIGN(auto pattern, SplitPattern::compile(family->pattern));
  parts.pre_tokenizer.push_back(split_step(std::move(pattern), SplitBehavior::kIsolated, false));
  parts.decoder.steps.push_back(byte_level_decoding());
  auto named = [&](std::string_view key, std::string_view fallback) -> std::optional<int32_t> {
    if (auto id = configured_token(metadata, key, *parts.vocabulary)) return id;
    int32_t id = fallback.empty() ? Vocabulary::kNone : parts.vocabulary->find(fallback);
    return id < 0 ? std::nullopt : std::optional(id);
  };
  parts.bos_id = named("bos", family->bos);
  parts.eos_id = named("eos", family->eos);
  TRY_ASSIGN(bool bos, metadata.boolean_or({"tokenizer_config.add_bos_token"}, family->adds_bos));
  if (bos && parts.bos_id) parts.prefix_ids.push_back(*parts.bos_id);
  return std::unique_ptr<Tokenizer>(std::make_unique<PipelineTokenizer>(std::move(parts)));
}

}  // namespace weft
