#include "server/openai/completion_answer.h"

#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"

namespace weft {
namespace {

constexpr std::string_view kObject = "text_completion";

// A token that is no text by itself is shown as OpenAI shows it: bytes:\xe2\x82
std::string token_name(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return std::string(bytes);
  std::string name = "bytes:";
  for (char c : bytes) name += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return name;
}

// Counting first bytes gives each character to the token that begins it; the sum over tokens is the text's length.
int64_t count_characters(std::string_view bytes) {
  return std::count_if(bytes.begin(), bytes.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

void separate(std::string& items) {
  if (!items.empty()) items += ',';
}

// {"token":logprob,...}: the most likely ones, and the sampled one if it is not among them.
void append_top(std::string& out, const TokenText& token) {
  std::vector<std::string> names;
  out += '{';
  auto add = [&](std::string_view bytes, float logprob) {
    std::string name = token_name(bytes);
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    if (!names.empty()) out += ',';
    append_json_string(out, name);
    out += ':';
    append_logprob(out, logprob);
    names.push_back(std::move(name));
  };
  for (const auto& [top, bytes] : token.top) add(bytes, top.logprob);
  add(token.bytes, token.logprob);
  out += '}';
}

}  // namespace

CompletionAnswer::CompletionAnswer(AnswerHead head, const GenerationBody& body, size_t num_prompts)
    : head_(std::move(head)),
      stream_(body.stream),
      logprobs_(body.logprobs),
      echo_(body.request.echo),
      return_token_ids_(body.return_token_ids),
      n_(static_cast<size_t>(std::max<int64_t>(body.request.n, 1))),
      chunk_(render_answer_head(head_, kObject) + R"("choices":[)", "}"),
      usage_(body),
      prompts_(num_prompts) {}

void CompletionAnswer::on_start(size_t prompt, TextStart start) {
  prompts_[prompt].num_tokens = static_cast<int64_t>(start.prompt_ids.size());
  usage_.so_far.prompt_tokens += prompts_[prompt].num_tokens;
  unenforced_ = std::move(start.unenforced);
  if (!return_token_ids_) return;
  for (TokenId id : start.prompt_ids) append_token_id(prompts_[prompt].token_ids, id);
}

void CompletionAnswer::append_tokens(Choice& choice, const Prompt& prompt, const TextDelta& delta, Logprobs& logprobs,
                                     std::string& token_ids) {
  for (const TokenText& token : delta.tokens) {
    if (echo_ && choice.num_prompt_tokens_seen < prompt.num_tokens) {
      ++choice.num_prompt_tokens_seen;
    } else {
      if (return_token_ids_) append_token_id(token_ids, token.id);
      ++usage_.so_far.completion_tokens;
    }
    if (!logprobs_) continue;
    separate(logprobs.tokens);
    append_json_string(logprobs.tokens, token_name(token.bytes));
    separate(logprobs.token_logprobs);
    separate(logprobs.top_logprobs);
    if (token.has_logprob) {
      append_logprob(logprobs.token_logprobs, token.logprob);
      append_top(logprobs.top_logprobs, token);
    } else {
      logprobs.token_logprobs += "null";
      logprobs.top_logprobs += "null";
    }
    separate(logprobs.text_offset);
    logprobs.text_offset += std::to_string(choice.text_offset);
    choice.text_offset += count_characters(token.bytes);
  }
}

void CompletionAnswer::append_choice(std::string& out, size_t index, std::string_view text, const Logprobs& logprobs,
                                     const std::string& token_ids, const std::string& finish,
                                     const Prompt* prompt) const {
  fmt::format_to(std::back_inserter(out), R"({{"index":{},"text":)", index);
  append_json_string(out, text);
  out += R"(,"logprobs":)";
  if (logprobs_) {
    out += R"({"tokens":[)" + logprobs.tokens + R"(],"token_logprobs":[)" + logprobs.token_logprobs;
    out += R"(],"top_logprobs":[)" + logprobs.top_logprobs + R"(],"text_offset":[)" + logprobs.text_offset + "]}";
  } else {
    out += "null";
  }
  out += ',' + finish;
  if (return_token_ids_) {
    out += R"(,"token_ids":[)" + token_ids + "]";
    if (prompt != nullptr) out += R"(,"prompt_token_ids":[)" + prompt->token_ids + "]";
  }
  out += '}';
}

void CompletionAnswer::on_delta(size_t prompt, const TextDelta& delta, std::string& out) {
  size_t index = prompt * n_ + static_cast<size_t>(delta.choice);
  if (choices_.size() <= index) choices_.resize(index + 1);
  Choice& choice = choices_[index];
  std::string finish;
  append_finish(finish, delta);
  if (!stream_) {
    choice.text += delta.text;
    append_tokens(choice, prompts_[prompt], delta, choice.logprobs, choice.token_ids);
    if (delta.finish != FinishReason::kNone) choice.finish = std::move(finish);
    return;
  }
  Logprobs logprobs;
  std::string token_ids;
  append_tokens(choice, prompts_[prompt], delta, logprobs, token_ids);
  if (delta.text.empty() && delta.finish == FinishReason::kNone && !logprobs_ && !return_token_ids_) return;
  const Prompt* shown_prompt = std::exchange(choice.started, true) ? nullptr : &prompts_[prompt];
  chunk_.append(out, [&](std::string& to) {
    append_choice(to, index, delta.text, logprobs, token_ids, finish, shown_prompt);
    to += ']';
    if (!std::exchange(unenforced_sent_, true)) append_unenforced(to, unenforced_);
    usage_.append_member(to);
  });
}

void CompletionAnswer::finish(const Usage& usage, std::string& out) {
  if (stream_) {
    usage_.append_closing_chunk(chunk_, usage, out);
    out += kSseDone;
    return;
  }
  out = render_answer_head(head_, kObject) + R"("choices":[)";
  for (size_t i = 0; i < choices_.size(); ++i) {
    const Choice& choice = choices_[i];
    if (i > 0) out += ',';
    append_choice(out, i, choice.text, choice.logprobs, choice.token_ids, choice.finish, &prompts_[i / n_]);
  }
  out += R"(],"usage":)";
  append_usage(out, usage);
  append_unenforced(out, unenforced_);
  out += '}';
}

}  // namespace weft
