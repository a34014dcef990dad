#include "server/openai/chat_answer.h"

#include "base/json.h"

namespace weft {

ChatAnswer::ChatAnswer(AnswerHead head, const GenerationBody& body)
    : head_(std::move(head)),
      stream_(body.stream),
      logprobs_(body.logprobs),
      return_token_ids_(body.return_token_ids),
      include_usage_(body.include_usage),
      continuous_usage_(body.continuous_usage && body.include_usage),
      chunk_(render_answer_head(head_, "chat.completion.chunk") + R"("choices":[)", "}") {}

void ChatAnswer::on_start(size_t, TextStart start) {
  so_far_.prompt_tokens = static_cast<int64_t>(start.prompt_ids.size());
  if (!return_token_ids_) return;
  for (TokenId id : start.prompt_ids) append_token_id(prompt_token_ids_, id);
}

void ChatAnswer::on_delta(size_t, const TextDelta& delta, std::string& out) {
  auto index = static_cast<size_t>(delta.choice);
  if (choices_.size() <= index) choices_.resize(index + 1);
  so_far_.completion_tokens += static_cast<int64_t>(delta.tokens.size());
  if (!stream_) {
    collect(choices_[index], delta);
    return;
  }
  append_chunk(out, delta, !std::exchange(choices_[index].started, true));
}

void ChatAnswer::collect(Choice& choice, const TextDelta& delta) {
  choice.text += delta.text;
  for (const TokenText& token : delta.tokens) {
    if (logprobs_) append_chat_logprob(choice.logprobs, token);
    if (return_token_ids_) append_token_id(choice.token_ids, token.id);
  }
  if (delta.finish == FinishReason::kNone) return;
  choice.finish.clear();
  append_finish(choice.finish, delta);
}

// The first chunk of a choice announces the role; text, tokens and the reason to finish go into a chunk of their own.
void ChatAnswer::append_chunk(std::string& out, const TextDelta& delta, bool is_first) {
  if (is_first) {
    chunk_.append(out, [&](std::string& to) {
      fmt::format_to(std::back_inserter(to),
                     R"({{"index":{},"delta":{{"role":"assistant","content":""}},"logprobs":null,)"
                     R"("finish_reason":null,"stop_reason":null}}])",
                     delta.choice);
      if (return_token_ids_ && !std::exchange(prompt_ids_sent_, true)) {
        to += R"(,"prompt_token_ids":[)" + prompt_token_ids_ + "]";
      }
      append_usage_member(to);
    });
  }
  if (delta.text.empty() && delta.finish == FinishReason::kNone && !logprobs_ && !return_token_ids_) return;
  chunk_.append(out, [&](std::string& to) {
    append_delta_choice(to, delta);
    to += ']';
    append_usage_member(to);
  });
}

void ChatAnswer::append_delta_choice(std::string& out, const TextDelta& delta) const {
  fmt::format_to(std::back_inserter(out), R"({{"index":{},"delta":{{)", delta.choice);
  if (!delta.text.empty()) {
    out += R"("content":)";
    append_json_string(out, delta.text);
  }
  out += R"(},"logprobs":)";
  if (logprobs_ && !delta.tokens.empty()) {
    out += R"({"content":[)";
    for (const TokenText& token : delta.tokens) append_chat_logprob(out, token);
    out += R"(],"refusal":null})";
  } else {
    out += "null";
  }
  out += ',';
  append_finish(out, delta);
  if (return_token_ids_) {
    out += R"(,"token_ids":[)";
    for (const TokenText& token : delta.tokens) append_token_id(out, token.id);
    out += ']';
  }
  out += '}';
}

void ChatAnswer::append_usage_member(std::string& out) const {
  if (!include_usage_) return;
  out += R"(,"usage":)";
  if (continuous_usage_) {
    append_usage(out, so_far_);
  } else {
    out += "null";
  }
}

void ChatAnswer::finish(const Usage& usage, std::string& out) {
  if (stream_) {
    if (include_usage_) {
      chunk_.append(out, [&](std::string& to) {
        to += R"(],"usage":)";
        append_usage(to, usage);
      });
    }
    out += kSseDone;
    return;
  }
  out = render_answer_head(head_, "chat.completion") + R"("choices":[)";
  for (size_t i = 0; i < choices_.size(); ++i) {
    const Choice& choice = choices_[i];
    fmt::format_to(std::back_inserter(out), R"({}{{"index":{},"message":{{"role":"assistant","content":)",
                   i == 0 ? "" : ",", i);
    append_json_string(out, choice.text);
    out += R"(,"refusal":null},"logprobs":)";
    out += logprobs_ ? R"({"content":[)" + choice.logprobs + R"(],"refusal":null})" : "null";
    out += ',' + choice.finish;
    if (return_token_ids_) out += R"(,"token_ids":[)" + choice.token_ids + "]";
    out += '}';
  }
  out += R"(],"usage":)";
  append_usage(out, usage);
  if (return_token_ids_) out += R"(,"prompt_token_ids":[)" + prompt_token_ids_ + "]";
  out += '}';
}

}  // namespace weft
